// Says what became of a button that was pressed while the line broke off: a press is lost, or its answer is, and the page looks the same.
// Presses are numbered, and each is told to the circuit right after its event, in the same order. Whoever the circuit has heard of went through. An answer that does not come is asked for until the line is back;
// if the page was loaded anew meanwhile, because its circuit is gone, the new one looks whether anything was changed since.
const KEPT = 'pressed', PATIENCE = 1000, PAUSE = 400, SHOWN = 15_000, LONG = 5000;

let circuit = null, last = 0, waiting = [], watching = false, hiding = 0;

/** Presses of which the circuit has not said that what they began is over. */
const going = new Set();

/** @param owner the circuit's end, see Presses */
export async function begin(owner) {
  // Of what the circuit before had heard this one knows nothing.
  const before = kept() ?? waiting.at(-1) ?? null;
  circuit = owner;
  waiting = [];
  going.clear();
  keep();
  if (before === null) return;
  try {
    const seconds = (Date.now() - before.at) / 1000;
    tell(before.label, await circuit.invokeMethodAsync('WentThrough', seconds));
  } catch (error) {
    console.error(error);
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest?.('button');
  // What a form of its own sends, and what scripts alone do, is no event of the circuit's.
  if (circuit === null || !button || button.ariaDisabled === 'true' || button.disabled || button.form?.method === 'post' || button.closest('.topbar, .start-notice')) return;
  const press = { number: ++last, label: (button.ariaLabel ?? button.textContent).trim().replace(/\s+/g, ' ').slice(0, 80), at: Date.now() };
  setTimeout(() => {
    waiting.push(press);
    going.add(press);
    circuit.invokeMethodAsync('Heard', press.number).then(heard => settle(heard, null), () => {});
    circuit.invokeMethodAsync('Done').then(() => going.delete(press), () => {});
    if (!watching) watch();
  });
}, true);

document.querySelector('#press-notice button').addEventListener('click', () => hide());

async function watch() {
  watching = true;
  await pause(PATIENCE);
  while (waiting.length > 0) {
    // While the line is away the question is lost, or fails.
    const asked = last;
    circuit.invokeMethodAsync('Heard', 0).then(heard => settle(heard, asked), () => {});
    await pause(PAUSE);
  }
  watching = false;
}

/**
 * Answers come in the order of the questions: one to a later question means that the line broke off in between.
 * @param asked the newest press when the later question was asked; null for the answer to the press itself
 */
function settle(heard, asked) {
  const done = waiting.filter(press => press.number <= (asked ?? heard));
  waiting = waiting.filter(press => !done.includes(press));
  if (asked !== null && done.length > 0) going.clear();
  for (const press of done) if (asked !== null || Date.now() - press.at > LONG) tell(press.label, press.number <= heard);
}

// The framework loads a page anew whose circuit no longer exists, and people do who are tired of waiting.
addEventListener('pagehide', () => {
  const press = [...going].at(-1);
  if (press && document.getElementById('components-reconnect-modal')?.style.display === 'block') keep(press);
});

function tell(label, went) {
  const notice = document.getElementById('press-notice');
  notice.firstElementChild.textContent = went
    ? `The connection was interrupted. “${label}” went through.`
    : `The connection was interrupted. “${label}” did not go through: nothing was changed. Press it again.`;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(hide, SHOWN);
}

function hide() {
  document.getElementById('press-notice').hidden = true;
}

function keep(press) {
  try {
    if (press) sessionStorage.setItem(KEPT, JSON.stringify(press));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // No storage: after a reload nothing is said.
  }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

const pause = time => new Promise(done => { setTimeout(done, time); });
