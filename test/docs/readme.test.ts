/** README is short, and what the documents name exists. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const README = read('README.md');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

/** The headings of a document as GitHub anchors them. */
function anchors(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text.toLowerCase());
  return headings.map((text) => text.replace(/[^\p{L}\p{N}\- ]/gu, '').replaceAll(' ', '-'));
}

describe('README', () => {
  it('has at most 900 words', () => {
    expect(README.trim().split(/\s+/).length).toBeLessThanOrEqual(900);
  });

  it('has no place left to fill in', () => {
    expect(README).not.toMatch(/@@|TODO|TBD/);
  });
});

describe.each(DOCUMENTS)('%s', (document) => {
  const text = read(document);

  it('links only to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchors(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const named = [...text.matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('puts no secret on a command line', () => {
    const secrets = text.match(
      /--secret-string (?!file:)\S+|hexkey:|-H "[^"]*(?:Bearer|Basic) \$|\b\w*(SECRET|TOKEN|CREDENTIALS)=(?!\$\()\S+/g,
    );
    expect(secrets).toBeNull();
  });
});
