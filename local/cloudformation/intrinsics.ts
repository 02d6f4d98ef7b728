/** CloudFormation's intrinsic functions, over what the resources are on this machine. */
import { UserError } from '../../cli/user-error.ts';

/** Names of a resource: the value of `Ref`, and its attributes. */
export interface ResourceNames {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Resolves values of a template. */
export class Intrinsics {
  readonly #names: ReadonlyMap<string, ResourceNames>;
  readonly #pseudo: Readonly<Record<string, string>>;

  /**
   * `pseudo` has the pseudo parameters, such as `AWS::Region`, and the template's own with their
   * values.
   */
  constructor(names: ReadonlyMap<string, ResourceNames>, pseudo: Readonly<Record<string, string>>) {
    this.#names = names;
    this.#pseudo = pseudo;
  }

  /** The value with every intrinsic function in it carried out. `where` is for messages. */
  resolve(value: unknown, where: string): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item, where));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      return this.#call(first[0], first[1], where);
    }
    const resolved = entries
      .map(([key, item]) => [key, this.resolve(item, `${where}.${key}`)] as const)
      .filter(([, item]) => item !== undefined);
    return Object.fromEntries(resolved);
  }

  #call(name: string, argument: unknown, where: string): unknown {
    switch (name) {
      case 'Ref':
        return this.#ref(String(argument), where);
      case 'Fn::GetAtt':
        return this.#getAtt(argument, where);
      case 'Fn::Join': {
        const [separator, parts] = this.#arguments(argument, where);
        return list(parts, name, where).join(String(separator));
      }
      case 'Fn::Select': {
        const [index, parts] = this.#arguments(argument, where);
        return list(parts, name, where)[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = this.#arguments(argument, where);
        return String(text).split(String(separator));
      }
      case 'Fn::Sub':
        return this.#substitute(argument, where);
      default:
        throw new UserError(`${where}: the local pipeline does not know ${name}`);
    }
  }

  #arguments(argument: unknown, where: string): unknown[] {
    const resolved = this.resolve(argument, where);
    if (!Array.isArray(resolved)) throw new UserError(`${where}: an intrinsic function's arguments are no list`);
    return resolved;
  }

  #ref(name: string, where: string): string | undefined {
    // CloudFormation takes a property away that refers to this.
    if (name === 'AWS::NoValue') return undefined;
    const value = this.#pseudo[name] ?? this.#names.get(name)?.ref;
    if (value === undefined) throw new UserError(`${where}: ${name} is no resource or parameter that is known`);
    return value;
  }

  #getAtt(argument: unknown, where: string): string {
    const [name = '', attribute = ''] = Array.isArray(argument)
      ? argument.map(String)
      : String(argument).split(/\.(.*)/s);
    const value = this.#names.get(name)?.attributes[attribute];
    if (value === undefined)
      throw new UserError(`${where}: the attribute ${attribute} of ${name} is not known locally`);
    return value;
  }

  #substitute(argument: unknown, where: string): string {
    const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
    const values = this.resolve(own, where) as Readonly<Record<string, unknown>>;
    return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (Object.hasOwn(values, name)) return String(values[name]);
      return String(name.includes('.') ? this.#getAtt(name, where) : this.#ref(name, where));
    });
  }
}

function list(value: unknown, name: string, where: string): unknown[] {
  if (!Array.isArray(value)) throw new UserError(`${where}: ${name} wants a list`);
  return value;
}
