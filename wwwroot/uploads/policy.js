// Which addresses this document may send files to. Its content security policy is the one it was loaded with, whatever page is shown since:
// a store that was named later is not in it, and the browser refuses each request to it without a word of why.

/** So long a document that was loaded for a store is believed to have come with all there is. */
const RECENT = 60_000;

export const otherAddress = 'The storage has another address since this page was opened. Reload the page and drop the file again.';

export function permits(url) {
  const { origin } = new URL(url);
  return window.portal.storage.some(known => new URL(known).origin === origin);
}

/**
 * Loads the document anew, which brings the policy of today; false if that was just done and did not help, or if nothing could remember
 * that it was.
 */
export function reloadFor(endpoint) {
  const name = `reloaded for ${endpoint}`, now = Date.now();
  try {
    if (now - Number(sessionStorage.getItem(name)) < RECENT) return false;
    sessionStorage.setItem(name, now);
  } catch {
    return false;
  }
  location.reload();
  return true;
}
