// Starts Blazor once everything that a circuit may call is there: on a slow line a module can come seconds after the circuit, which the
// first call of something missing ends.
const notice = document.getElementById('start-notice');
const say = text => {
  if (!notice) return;
  notice.firstElementChild.textContent = text;
  notice.hidden = false;
};

const connecting = () => document.documentElement.hasAttribute('data-connecting');

// Some proxies swallow the upgrade to a WebSocket and answer nothing. Closing it makes SignalR go on with the next transport, long polling.
// Where that was so at the page's beginning, a lost line is not tried by one again.
let swallowed = false;
class PatientSocket extends WebSocket {
  constructor(...options) {
    super(...options);
    const timer = setTimeout(() => {
      if (this.readyState !== WebSocket.CONNECTING) return;
      swallowed ||= connecting();
      this.close();
    }, swallowed ? 0 : 4000);
    for (const event of ['open', 'close']) this.addEventListener(event, () => clearTimeout(timer));
  }
}
setTimeout(() => {
  if (connecting()) {
    say('This page is still connecting, so its buttons do not work yet. If that stays so, something between you and Portal blocks the connection.');
    new MutationObserver((_, observer) => {
      if (!connecting()) {
        notice.hidden = true;
        observer.disconnect();
      }
    }).observe(document.documentElement, { attributeFilter: ['data-connecting'] });
  }
}, 15000);

// A line that was away is back within a second; a web that is away for long is not asked so often.
const reconnectionOptions = { maxRetries: 1000, retryIntervalMilliseconds: attempt => (attempt < 100 ? 400 : 4000) * (1 + Math.random()) };

try {
  const [{ offer }] = await Promise.all([import('./passkeys.js'), import('./portal.js'), import('./chart.js'), import('./presses.js')]);
  const configureSignalR = builder => builder.withUrl('_blazor', { WebSocket: PatientSocket, timeout: 8000 });
  await Blazor.start({ circuit: { reconnectionOptions, configureSignalR } });
  Blazor.addEventListener('enhancedload', offer);
} catch (error) {
  console.error(error);
  say('Part of this page did not load, so it does not work. Check your connection, then reload it.');
}
