import { Refusal } from './ask.js';
import { otherAddress, permits } from './policy.js';

/** So long without a byte sent or an answer, and the connection counts as lost. */
const STALL = 60_000;

/**
 * Puts one piece of a file to a presigned address. XMLHttpRequest, since fetch does not tell how far it is.
 * Rejects with a Refusal, or with an AbortError when the signal says so.
 */
export async function put(url, piece, type, signal, onProgress) {
  if (!permits(url)) throw new Refusal(400, '', otherAddress);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stalled = false, timer = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { stalled = true; request.abort(); }, STALL);
    };
    const stop = () => request.abort();
    const settle = (how, what) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      how(what);
    };
    request.open('PUT', url);
    if (type) request.setRequestHeader('Content-Type', type);
    request.upload.addEventListener('progress', event => { watch(); onProgress(event.loaded); });
    request.addEventListener('load', () => (request.status < 300 ? settle(resolve) : settle(reject, refusal(request))));
    request.addEventListener('error', () => settle(reject, new Refusal(0, '')));
    request.addEventListener('abort', () => settle(reject, stalled ? new Refusal(0, '') : new DOMException('Stopped.', 'AbortError')));
    signal.addEventListener('abort', stop);
    watch();
    request.send(piece);
  });
}

/** S3 says what is wrong in XML: <Error><Code>QuotaExceeded</Code>… */
function refusal(request) {
  const code = /<Code>([^<]*)<\/Code>/.exec(request.responseText)?.[1] ?? '';
  return new Refusal(request.status, code, sentences[code] ?? `The storage refused it: ${code || request.status}.`);
}

const sentences = {
  QuotaExceeded: 'The bucket or the account is full, in bytes or in objects (QuotaExceeded). Delete something, or raise the quota.',
  EntityTooLarge: 'The storage does not take a file of this size (EntityTooLarge).',
  NoSuchBucket: 'The bucket is no longer there.',
};
