// Uploads: from this browser straight to S3, through addresses that Portal signs. Files come in through a zone: what is dropped anywhere on its
// page or picked with one of its inputs. The queue and its panel live as long as the tab, whatever page is shown.
import { CutOff } from './uploads/cutoff.js';
import { dropped, picked } from './uploads/dropped.js';
import { permits, reloadFor } from './uploads/policy.js';
import { Queue } from './uploads/queue.js';
import { Panel } from './uploads/panel.js';

const queue = new Queue();
const cutOff = new CutOff(queue, () => panel.draw());
const panel = new Panel(queue, cutOff);

/** Pages that are told some at a time, not of each of ten thousand files. */
const PAUSE = 700;

/**
 * @param zone the element that shows where a drop would go; its inputs of type file pick
 * @param owner is told Uploaded() some time after files have arrived in this bucket
 * @param endpoint where they are to go
 */
export function attach(zone, owner, bucket, prefix, endpoint) {
  if (!permits(endpoint) && !queue.isBusy && reloadFor(endpoint)) return { move: () => {}, close: () => {} };
  const target = { bucket, prefix };
  const ended = new AbortController(), signal = ended.signal;
  let depth = 0, timer = 0;
  const light = is => zone.classList.toggle('dropping', is);
  const begin = items => {
    queue.add(target.bucket, target.prefix, items);
    panel.draw();
  };
  const has = event => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragenter', event => { if (has(event)) light(++depth > 0); }, { signal });
  document.addEventListener('dragleave', event => { if (has(event)) light(--depth > 0); }, { signal });
  document.addEventListener('dragover', event => { if (has(event)) event.preventDefault(); }, { signal });
  document.addEventListener('drop', async event => {
    if (!has(event)) return;
    event.preventDefault();
    light((depth = 0) > 0);
    begin(await dropped(event.dataTransfer));
  }, { signal });
  zone.addEventListener('change', event => { if (event.target.type === 'file') begin(picked(event.target)); }, { signal });
  zone.dataset.takes = 'files';
  cutOff.look(bucket);
  const deaf = queue.listen(undefined, transfer => {
    if (transfer.bucket === target.bucket) timer ||= setTimeout(() => { timer = 0; owner.invokeMethodAsync('Uploaded').catch(() => {}); }, PAUSE);
  });
  return {
    move: (toBucket, toPrefix) => {
      Object.assign(target, { bucket: toBucket, prefix: toPrefix });
      cutOff.look(toBucket);
    },
    close: () => {
      ended.abort();
      delete zone.dataset.takes;
      deaf();
      clearTimeout(timer);
    },
  };
}
