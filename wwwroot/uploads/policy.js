// Which addresses this document may send files to. Its content security policy is the one it was loaded with, whatever page is shown since: a store that was
// named later is not in it, and the browser refuses each request to it without a word of why.

/** So long a document that was loaded for a store is believed to have come with all there is. */
const RECENT = 60_000;

export function permits(url) {
  const { origin } = new URL(url);
  return (document.documentElement.dataset.storage ?? '').split(' ').some(known => known && new URL(known).origin === origin);
}

/** Loads the document anew, which brings the policy of today; false if that was just done and did not help. */
export function reloadFor(endpoint) {
  const name = `reloaded for ${endpoint}`, now = Date.now();
  try {
    if (now - Number(sessionStorage.getItem(name)) < RECENT) return false;
    sessionStorage.setItem(name, now);
  } catch {
    // Where nothing can be remembered it might go on for ever.
    return false;
  }
  location.reload();
  return true;
}
