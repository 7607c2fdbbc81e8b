// Makes an Ed25519 key pair in the browser. The private half exists in this page's memory and in the file that is downloaded, nowhere else.
// The file's format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
const type = 'ssh-ed25519';
let made = null;

export async function canMake() {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign']);
    return true;
  } catch {
    return false;
  }
}

/** Makes a pair, or keeps the one that has not been forgotten yet, and returns the public line. */
export async function make(comment) {
  if (made === null) {
    const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
    made = { point: fromBase64Url(jwk.x), seed: fromBase64Url(jwk.d) };
  }
  const blob = join(text(type), string(made.point));
  made.file = privateFile(made, blob, comment);
  made.fingerprint = 'SHA256:' + base64(new Uint8Array(await crypto.subtle.digest('SHA-256', blob))).replace(/=+$/, '');
  return `${type} ${base64(blob)} ${comment}`;
}

/**
 * Downloads the private half, once, before the public one is sent anywhere: whatever becomes of the answer, its owner has the key. This
 * browser remembers the file's name for the ssh line. The pair is the same until forget(): a form that was refused is sent again with it.
 */
export function save(name) {
  if (made === null || made.saved) return;
  const file = unused(name);
  portal.download(file, made.file);
  try {
    localStorage.setItem(`key ${made.fingerprint}`, file);
  } catch {
    // No storage: the line is shown without the file's name.
  }
  made.saved = true;
}

export function forget() {
  made = null;
}

/** The name of the file that this browser saved for a key, or null. */
export function fileOf(fingerprint) {
  try {
    return localStorage.getItem(`key ${fingerprint}`);
  } catch {
    return null;
  }
}

/** A second key of this name would be renamed by the browser as it likes, and the ssh line would name the first one's file. */
function unused(name) {
  const [, stem, end] = name.match(/^(.*?)(\.[^.]*)?$/);
  try {
    const taken = new Set(Object.keys(localStorage).filter(key => key.startsWith('key ')).map(key => localStorage.getItem(key)));
    for (let number = 1; ; number++) {
      const file = number === 1 ? name : `${stem}-${number}${end ?? ''}`;
      if (!taken.has(file)) return file;
    }
  } catch {
    return name;
  }
}

function privateFile({ point, seed }, blob, comment) {
  const check = crypto.getRandomValues(new Uint8Array(4));
  let secret = join(check, check, text(type), string(point), string(join(seed, point)), text(comment));
  secret = join(secret, Uint8Array.from({ length: (8 - secret.length % 8) % 8 }, (_, i) => i + 1));
  const magic = new TextEncoder().encode('openssh-key-v1\0');
  const body = join(magic, text('none'), text('none'), text(''), number(1), string(blob), string(secret));
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64(body).replace(/.{1,70}/g, '$&\n')}-----END OPENSSH PRIVATE KEY-----\n`;
}

function number(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function string(bytes) {
  return join(number(bytes.length), bytes);
}

function text(value) {
  return string(new TextEncoder().encode(value));
}

function join(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64Url(value) {
  return Uint8Array.from(atob(value.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
}
