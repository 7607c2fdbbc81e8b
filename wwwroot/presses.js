// Says what became of a button that was pressed while the line broke off: a press is lost, or its answer is, and the page looks the same.
// Presses are numbered, and each is told to the circuit right after its event, in the same order. An answer that does not come is asked for
// until the line is back: then the circuit says whether the press came to it and whether what it began is at its end. If the page was
// loaded anew meanwhile, because its circuit is gone, the new one looks whether anything was changed since.
const KEPT = 'pressed', PATIENCE = 1000, PAUSE = 250, SHOWN = 15_000, LONG = 5000;

/** As in Presses.cs */
const LOST = 0, GOING = 1, DONE = 2, FAILED = 3, UNKNOWN = 4;

let circuit = null, last = 0, waiting = [], watching = false, hiding = 0, told = 0;

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
    tell(before.label, await circuit.invokeMethodAsync('WentThrough', seconds) ? DONE : LOST);
  } catch (error) {
    console.error(error);
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest?.('button');
  // What a form of its own sends, and what scripts alone do, is no event of the circuit's.
  if (circuit === null || !button || button.ariaDisabled === 'true' || button.disabled) return;
  if (button.form?.method === 'post' || button.closest('.topbar, .start-notice')) return;
  const label = (button.ariaLabel ?? button.textContent).trim().replace(/\s+/g, ' ').slice(0, 80);
  const press = { number: ++last, label, at: Date.now() };
  setTimeout(() => {
    waiting.push(press);
    going.add(press);
    circuit.invokeMethodAsync('Heard', press.number).then(() => answered(press), () => {});
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
    const asked = waiting.at(-1);
    circuit.invokeMethodAsync('BecameOf', asked.number).then(state => became(asked, state), () => {});
    await pause(PAUSE);
  }
  watching = false;
}

/** The line was whole; if that took long, people have seen that something was wrong with it. */
function answered(press) {
  waiting = waiting.filter(other => other.number > press.number);
  if (Date.now() - press.at > LONG) circuit.invokeMethodAsync('BecameOf', press.number).then(state => say(press, state), () => {});
}

/**
 * Answers come in the order of the questions: one to a later question, with the press still waiting, means that the line broke off in
 * between.
 */
function became(press, state) {
  if (!waiting.includes(press)) return;
  waiting = waiting.filter(other => other.number > press.number);
  going.clear();
  say(press, state);
}

/** What goes on is said to go on, and what became of it as soon as it is over. */
async function say(press, state) {
  tell(press.label, state);
  if (state !== GOING) return;
  const telling = told;
  going.add(press);
  try {
    await circuit.invokeMethodAsync('Done');
    going.delete(press);
    const end = await circuit.invokeMethodAsync('BecameOf', press.number);
    if (telling === told) tell(press.label, end);
  } catch (error) {
    console.error(error);
  }
}

// The framework loads a page anew whose circuit no longer exists, and people do who are tired of waiting.
addEventListener('pagehide', () => {
  const press = [...going].at(-1);
  if (press && document.getElementById('components-reconnect-modal')?.style.display === 'block') keep(press);
});

function tell(label, state) {
  const notice = document.getElementById('press-notice');
  notice.firstElementChild.textContent = `The connection was interrupted. ${{
    [LOST]: `“${label}” did not go through: nothing was changed. Press it again.`,
    [GOING]: `“${label}” has arrived and is still being worked on.`,
    [DONE]: `“${label}” went through.`,
    [FAILED]: `“${label}” did not go through: nothing was changed. Press it again.`,
    [UNKNOWN]: `It is not known whether “${label}” went through. Look before you press it again.`,
  }[state]}`;
  notice.hidden = false;
  told++;
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
