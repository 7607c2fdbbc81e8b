// Passkeys on pages rendered without a circuit. A form marked data-passkey asks the browser and sends what it answers as its field
// `credential`. https://www.w3.org/TR/webauthn-3/
let waiting = new AbortController();

const can = !!window.PublicKeyCredential?.parseRequestOptionsFromJSON && window.isSecureContext;

async function options(form, address) {
  const { __RequestVerificationToken, password } = form.elements;
  const answer = await fetch(address, {
    method: 'POST',
    body: new URLSearchParams({ __RequestVerificationToken: __RequestVerificationToken.value, password: password?.value ?? '' }),
  });
  if (answer.status === 403) throw new Error(await answer.text());
  if (answer.status === 429) throw new Error((await answer.text()) || 'Too many attempts. Wait a minute.');
  if (!answer.ok) throw new Error('Portal did not answer. Reload the page.');
  return answer.json();
}

async function signIn(form, mediation) {
  waiting.abort();
  waiting = new AbortController();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await options(form, '/passkeys/request-options'));
  return navigator.credentials.get({ publicKey, mediation, signal: waiting.signal });
}

async function create(form) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await options(form, '/settings/passkeys/creation-options'));
  return navigator.credentials.create({ publicKey });
}

function send(form, credential) {
  form.querySelector('[name=credential i]').value = JSON.stringify(credential);
  for (const field of form.querySelectorAll('[data-same-as]')) field.value = document.getElementById(field.dataset.sameAs).checked;
  HTMLFormElement.prototype.submit.call(form);
}

function say(form, error) {
  const text = {
    NotAllowedError: 'No passkey was used. Try again.',
    InvalidStateError: 'This device already has a passkey for your account.',
    SecurityError: "Passkeys need the site's own name: open Portal at localhost or its domain, not at a number.",
    AbortError: '',
  }[error.name] ?? error.message;
  form.querySelector('[data-passkey-message]').textContent = text;
}

document.addEventListener('submit', async event => {
  const form = event.target.closest('form[data-passkey]');
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  try {
    send(form, await (form.dataset.passkey !== 'create' ? signIn(form, 'optional') : create(form)));
  } catch (error) {
    say(form, error);
  }
}, true);

// Also after each navigation that merges a page into this one, which loads no module again.
export async function offer() {
  waiting.abort();
  for (const form of document.querySelectorAll('form[data-passkey]')) form.hidden = !can;
  const form = document.querySelector('form[data-passkey=sign-in]');
  if (form && can && await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    // The browser offers passkeys in the e-mail field's own list; nothing happens until one is chosen.
    // Whatever keeps it from that is nobody's who pressed no button.
    signIn(form, 'conditional').then(credential => send(form, credential), () => {});
  }
}

offer();
