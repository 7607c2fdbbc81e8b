// Starts Blazor once everything that a circuit may call is there: on a slow line a module can come seconds after the circuit, which the first call of something missing ends.
const notice = document.getElementById('start-notice');
const say = text => {
  if (!notice) return;
  notice.firstElementChild.textContent = text;
  notice.hidden = false;
};

// Some proxies swallow the upgrade to a WebSocket and answer nothing. Closing it makes SignalR go on with the next transport.
class PatientSocket extends WebSocket {
  constructor(...options) {
    super(...options);
    const timer = setTimeout(() => { if (this.readyState === WebSocket.CONNECTING) this.close(); }, 4000);
    for (const event of ['open', 'close']) this.addEventListener(event, () => clearTimeout(timer));
  }
}

const connecting = () => document.documentElement.hasAttribute('data-connecting');
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

try {
  await Promise.all([import('./portal.js'), import('./passkeys.js'), import('./chart.js')]);
  await Blazor.start({ circuit: { configureSignalR: builder => builder.withUrl('_blazor', { WebSocket: PatientSocket }) } });
} catch (error) {
  console.error(error);
  say('Part of this page did not load, so it does not work. Check your connection, then reload it.');
}
