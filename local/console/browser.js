/**
 * Keeps the page up to date, and sends its forms without leaving it. Everything shown is made, and
 * escaped, by the server; without this script the page works the same, and shows what was so when
 * it was loaded.
 */
const EVERY_MS = 1_500;
const FOCUSABLE = 'a, button, input, summary, [tabindex]';

/** Puts new contents into elements, by their ids; what somebody has opened or focused stays so. */
function show(regions) {
  for (const [id, markup] of Object.entries(regions)) {
    const element = document.getElementById(id);
    if (element !== null) replace(element, markup);
  }
}

function replace(element, markup) {
  const next = document.createElement('template');
  next.innerHTML = markup;
  const opened = [...element.querySelectorAll('details[open]')].map(({ id }) => id);
  for (const details of next.content.querySelectorAll('details')) details.open = opened.includes(details.id);
  if (next.innerHTML === element.innerHTML) return;
  const focused = [...element.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  // Never under somebody's fingers.
  if (focused >= 0 && document.activeElement.matches('input:not([type=hidden])')) return;
  const label = focused >= 0 ? document.activeElement.textContent : '';
  const scrolled = [...element.querySelectorAll('.ops-scroll')].map(({ scrollLeft }) => scrollLeft);
  element.replaceChildren(next.content);
  for (const [position, region] of element.querySelectorAll('.ops-scroll').entries()) {
    region.scrollLeft = scrolled[position] ?? 0;
  }
  const again = [...element.querySelectorAll(FOCUSABLE)];
  if (focused >= 0)
    (again[focused]?.textContent === label ? again[focused] : again.find((one) => one.textContent === label))?.focus();
}

/** Says, or no longer says, that nothing is heard of the pipeline. */
function lost(isLost) {
  const text = isLost ? 'The pipeline does not answer. What is shown is old; is npm start still running?' : '';
  const element = document.getElementById('ops-lost');
  if (element.textContent !== text) element.textContent = text;
}

async function update() {
  if (document.visibilityState === 'visible') {
    try {
      const response = await fetch('/operations/live', { signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(String(response.status));
      show(await response.json());
      lost(false);
    } catch {
      lost(true);
    }
  }
  setTimeout(update, EVERY_MS);
}

async function send(form, button) {
  button.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(new FormData(form)),
    });
    if (!response.ok) throw new Error(String(response.status));
    const regions = await response.json();
    show(regions);
    if ('ops-result' in regions) {
      const result = document.getElementById('ops-result');
      result.focus({ preventScroll: true });
      result.scrollIntoView({ block: 'nearest' });
    }
    lost(false);
  } catch {
    lost(true);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.matches('form[data-live]') || button === null) return;
  event.preventDefault();
  if (!button.hasAttribute('aria-busy')) void send(form, button);
});

setTimeout(update, EVERY_MS);
