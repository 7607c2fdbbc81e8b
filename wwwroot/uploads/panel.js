// The list of uploads in the corner of every page. It is drawn here and not by the circuit, so that it goes on while one looks at other
// pages.
const SHOWN = 50;

export class Panel {
  #queue;
  #cutOff;
  #rows = new Map();
  #open = true;
  #announced = '';

  constructor(queue, cutOff) {
    this.#queue = queue;
    this.#cutOff = cutOff;
    this.element = document.createElement('aside');
    this.element.className = 'uploads';
    this.element.setAttribute('aria-label', 'Uploads');
    this.element.tabIndex = -1;
    this.element.innerHTML = `
      <div class="uploads-head"><h2></h2><span class="spacer"></span>
        <button type="button" class="link-button" data-do="pause">Pause all</button>
        <button type="button" class="link-button" data-do="resume">Resume all</button>
        <button type="button" class="link-button" data-do="cancel">Cancel all</button>
        <button type="button" class="link-button" data-do="fold" aria-expanded="true" aria-controls="uploads-list">Hide</button>
        <button type="button" class="link-button" data-do="close">Close</button></div>
      <progress class="uploads-total" aria-label="All uploads" max="1" value="0"></progress>
      <p class="uploads-figures muted num"></p>
      <p class="visually-hidden" role="status"></p>
      <div class="uploads-exist" hidden><p></p>
        <button type="button" class="button" data-do="replace">Replace</button>
        <button type="button" class="button" data-do="skip">Skip</button></div>
      <div class="uploads-cut" hidden><p></p> <button type="button" class="button" data-do="discard">Discard</button></div>
      <ul id="uploads-list"></ul><p class="uploads-more muted"></p>`;
    this.element.addEventListener('click', event => this.#clicked(event.target.closest('button')));
    queue.listen(() => this.draw());
  }

  /** The keyboard stays in the panel when what it was on goes, and goes on in the page when the panel does. */
  draw() {
    const had = this.element.contains(document.activeElement);
    this.#redraw();
    if (had && !(this.element.contains(document.activeElement) && document.activeElement.checkVisibility())) {
      (this.element.isConnected ? this.element : document.querySelector('main'))?.focus({ preventScroll: true });
    }
  }

  #redraw() {
    const queue = this.#queue, transfers = queue.transfers, cut = this.#cutOff.all;
    if (transfers.length === 0 && cut.length === 0) {
      this.element.remove();
      this.#rows.clear();
      this.#part('ul').replaceChildren();
      return;
    }
    if (!this.element.isConnected) document.body.append(this.element);
    const done = queue.count('done'), left = queue.count('waiting', 'running'), paused = queue.count('paused');
    const failed = queue.count('failed', 'refused'), exist = queue.count('exists');
    const title = left > 0 ? `Uploading ${files(transfers.length)}`
      : paused > 0 ? `${files(paused)} paused`
      : failed > 0 ? `${files(failed)} not uploaded`
      : exist > 0 ? `${files(exist)} to decide on`
      : done > 0 ? `${files(done)} uploaded`
      : `${files(cut.length)} cut off`;
    this.#text('h2', title);
    this.#announce(transfers.length === 0 ? `${title}.`
      : left > 0 ? `Uploading ${files(transfers.length)}.`
      : paused > 0 ? `${title}.`
      : exist > 0 ? `${files(exist)} to decide on.`
      : `${files(done)} uploaded${failed > 0 ? `, ${files(failed)} not` : ''}.`);
    this.#show('pause', left > 0);
    this.#show('resume', paused > 0);
    this.#show('cancel', left + paused > 0);
    this.#show('close', left + paused + exist === 0);
    this.#show('fold', transfers.length > 0);
    const bar = this.#part('.uploads-total');
    bar.hidden = transfers.length === 0;
    bar.max = Math.max(1, queue.size);
    bar.value = queue.sent;
    this.#text('.uploads-figures', queue.size > 0 ? figures(queue, left) : '');
    this.#part('.uploads-exist').hidden = exist === 0;
    this.#text('.uploads-exist p', `${exist === 1 ? '1 file is' : `${exist} files are`} there already.`);
    this.#part('.uploads-cut').hidden = cut.length === 0;
    this.#text('.uploads-cut p', cut.length === 1
      ? `“${cut[0].key}” was cut off. Drop it here again, and it goes on where it was.`
      : `${files(cut.length)} were cut off. Drop them here again, and they go on where they were.`);
    this.#draw(transfers);
  }

  /** What moves or wants something first; then what waits, then what is done. */
  #draw(transfers) {
    const rank = { failed: 0, refused: 0, running: 1, paused: 1, exists: 1, waiting: 2, done: 3 };
    const shown = this.#open ? [...transfers].sort((a, b) => rank[a.state] - rank[b.state]).slice(0, SHOWN) : [];
    const list = this.#part('ul');
    for (const [transfer, row] of this.#rows) {
      if (!shown.includes(transfer)) {
        row.remove();
        this.#rows.delete(transfer);
      }
    }
    for (const transfer of transfers) {
      if (!shown.includes(transfer)) continue;
      let row = this.#rows.get(transfer);
      if (!row) {
        row = this.#newRow(transfer);
        this.#rows.set(transfer, row);
        list.append(row);
      }
      fill(row, transfer);
    }
    const more = transfers.length - shown.length;
    this.#text('.uploads-more', this.#open && more > 0 ? `and ${more.toLocaleString('en')} more` : '');
  }

  #newRow(transfer) {
    const row = document.createElement('li');
    row.innerHTML = `<span class="upload-name"></span><span class="upload-state muted num"></span>
      <button type="button" class="link-button" data-one="pause">Pause</button>
      <button type="button" class="link-button" data-one="resume">Resume</button>
      <button type="button" class="link-button" data-one="cancel">Cancel</button><progress max="1" value="0"></progress>`;
    row.transfer = transfer;
    row.querySelector('.upload-name').textContent = transfer.name;
    row.querySelector('.upload-name').title = `${transfer.bucket}/${transfer.key}`;
    row.querySelector('progress').setAttribute('aria-label', transfer.name);
    for (const button of row.querySelectorAll('button')) button.setAttribute('aria-label', `${button.textContent} ${transfer.name}`);
    return row;
  }

  #clicked(button) {
    const transfer = button?.closest('li')?.transfer;
    const all = {
      pause: t => t.pause(),
      resume: t => t.state === 'paused' && t.resume(),
      cancel: t => t.cancel(),
      replace: t => t.decide(true),
      skip: t => t.decide(false),
    };
    if (transfer) transfer[button.dataset.one]();
    else if (button?.dataset.do === 'fold') this.#fold(button);
    else if (button?.dataset.do === 'discard') this.#cutOff.discard();
    else if (button?.dataset.do === 'close') this.#queue.each(t => { if (t.state === 'failed') t.cancel(); });
    else if (button) this.#queue.each(all[button.dataset.do]);
    if (button?.dataset.do === 'close') {
      this.#cutOff.hide();
      this.#queue.clear();
    }
    this.draw();
  }

  #fold(button) {
    this.#open = !this.#open;
    button.setAttribute('aria-expanded', String(this.#open));
    button.textContent = this.#open ? 'Hide' : 'Show';
  }

  /** Said once to a screen reader when it begins and when it ends, not at every tick. */
  #announce(sentence) {
    if (sentence !== this.#announced) this.#text('[role=status]', (this.#announced = sentence));
  }

  #part(selector) { return this.element.querySelector(selector); }
  #show(what, is) { this.#part(`[data-do=${what}]`).hidden = !is; }
  #text(selector, text) {
    const part = this.#part(selector);
    if (part.textContent !== text) part.textContent = text;
  }
}

function fill(row, transfer) {
  const { state } = transfer;
  row.className = state;
  const bar = row.querySelector('progress');
  bar.max = Math.max(1, transfer.size);
  bar.value = state === 'done' ? bar.max : transfer.sent;
  bar.hidden = state === 'done' || state === 'refused' || state === 'exists';
  const words = { waiting: 'waiting', paused: 'paused', done: bytes(transfer.size), exists: 'is there already' };
  const percent = Math.floor((100 * transfer.sent) / Math.max(1, transfer.size));
  const text = transfer.sentence || (words[state] ?? `${percent}% of ${bytes(transfer.size)}`);
  if (row.querySelector('.upload-state').textContent !== text) row.querySelector('.upload-state').textContent = text;
  const [pause, resume, cancel] = row.querySelectorAll('button');
  pause.hidden = state !== 'running';
  resume.hidden = state !== 'paused' && state !== 'failed';
  resume.textContent = state === 'failed' ? 'Retry' : 'Resume';
  resume.setAttribute('aria-label', `${resume.textContent} ${transfer.name}`);
  cancel.hidden = transfer.isOver;
}

function figures(queue, left) {
  const parts = [`${bytes(queue.sent)} of ${bytes(queue.size)}`];
  if (left > 0 && queue.rate > 0) parts.push(`${bytes(queue.rate)}/s`, `${time((queue.size - queue.sent) / queue.rate)} left`);
  return parts.join(' · ');
}

const files = count => (count === 1 ? '1 file' : `${count.toLocaleString('en')} files`);

/** As the pages write it: binary, as at Amazon. */
export function bytes(count) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) count /= 1024;
  if (unit === 0) return Math.round(count) === 1 ? '1 byte' : `${Math.round(count)} bytes`;
  return `${count.toFixed(count < 10 ? 1 : 0)} ${units[unit]}`;
}

function time(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
