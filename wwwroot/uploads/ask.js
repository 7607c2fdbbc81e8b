// What the uploads ask of Portal: it signs, completes and aborts. The files' bytes never go there.

/** An answer that is not what was hoped for. Status 0: there was none. */
export class Refusal extends Error {
  constructor(status, code, sentence) {
    super(sentence ?? code);
    this.status = status;
    this.code = code;
  }

  /** Whether the same may succeed a moment later. A limit that has a name lasts. */
  get passes() {
    return this.status === 0 || this.status === 408 || (this.status === 429 && !this.code) || this.status >= 500;
  }
}

/** @param step begin, sign, complete or abort */
export async function ask(bucket, step, body) {
  let answer;
  try {
    answer = await fetch(`/buckets/${bucket}/uploads/${step}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
      redirect: 'manual', signal: AbortSignal.timeout(60_000),
    });
  } catch {
    throw new Refusal(0, '', 'Portal does not answer.');
  }
  if (answer.type === 'opaqueredirect') {
    throw new Refusal(401, 'SignedOut', 'You have been signed out. Sign in again in another tab, then retry.');
  }
  const said = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : {};
  if (!answer.ok) {
    const sentence = answer.status === 404 ? 'The bucket is no longer there.' : 'That did not work.';
    throw new Refusal(answer.status, said.code ?? '', said.sentence ?? sentence);
  }
  return said;
}

// Which multipart upload a file belongs to, so that one that was cut off by a reload goes on where it was.
const memory = transfer => `upload ${transfer.bucket} ${transfer.file.size} ${transfer.file.lastModified} ${transfer.key}`;

export function remember(transfer) {
  try {
    localStorage.setItem(memory(transfer), transfer.uploadId);
  } catch {
    // No storage: after a reload the file begins anew.
  }
}

export function remembered(transfer) {
  try {
    return localStorage.getItem(memory(transfer)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function forget(transfer) {
  forgetMemory(memory(transfer));
}

export function forgetMemory(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // Nothing was stored.
  }
}

/** What is remembered of a bucket's uploads: [{ name, key, uploadId }], the name as forgetMemory wants it. */
export function memories(bucket) {
  try {
    const known = Object.keys(localStorage).map(name => ({ name, of: /^upload (\S+) \d+ \d+ (.*)$/s.exec(name) }));
    return known.filter(({ of }) => of?.[1] === bucket).map(({ name, of }) => ({ name, key: of[2], uploadId: localStorage.getItem(name) }));
  } catch {
    return [];
  }
}
