// What is being written in a form, kept in this tab until it has been sent or the page was left: a reload, or another web process in place
// of the one that died, finds it again. Nothing here outlives the tab or the sign-out, and no private key ever comes here.
const key = name => `draft ${name}`;

export function keep(name, text) {
  try {
    sessionStorage.setItem(key(name), text);
  } catch {
    // No storage: the form works, and begins anew after a reload.
  }
}

export function read(name) {
  try {
    return sessionStorage.getItem(key(name));
  } catch {
    return null;
  }
}

export function drop(name) {
  try {
    sessionStorage.removeItem(key(name));
  } catch {
    // There was none.
  }
}
