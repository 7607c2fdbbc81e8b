// The page of an account that closes: rendered without a circuit, since nobody is signed in, and fetched again whenever the server says
// that something has gone.
const shown = document.querySelector('[data-changes]');

async function refresh(source) {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.querySelector('.closing');
  if (!fresh) return;
  if (shown.innerHTML !== fresh.innerHTML) shown.innerHTML = fresh.innerHTML;
  document.title = page.title;
  if (!fresh.dataset.changes) source.close();
}

if (shown) {
  const source = new EventSource(shown.dataset.changes);
  let busy = Promise.resolve();
  source.addEventListener('message', () => { busy = busy.then(() => refresh(source)).catch(() => {}); });
}
