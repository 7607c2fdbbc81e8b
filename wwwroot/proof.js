// Asks for a password or a second factor from a page with a circuit, which has no request of its own to set it down. Answers a receipt for
// the circuit's ticket, or a refusal, which is a sentence for the person.
function post(address, fields) {
  const token = document.querySelector('input[name=__RequestVerificationToken]').value;
  return fetch(address, { method: 'POST', body: new URLSearchParams({ __RequestVerificationToken: token, ...fields }) });
}

async function said(answer) {
  if (answer.ok) return { receipt: await answer.text() };
  return { refusal: ([403, 429].includes(answer.status) && (await answer.text())) || 'Portal did not answer. Reload the page.' };
}

// What was wrong is typed anew.
export function again(form) {
  const field = document.querySelector(`#${form} input`);
  field?.focus();
  field?.select();
}

export async function byCode(ticket, code) {
  return said(await post('/proof/check', { ticket, code }));
}

export async function byPassword(ticket, password) {
  return said(await post('/proof/check', { ticket, password }));
}

export async function byPasskey(ticket) {
  try {
    const options = await post('/passkeys/request-options', {});
    if (!options.ok) return { refusal: 'Too many attempts. Wait a minute.' };
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await options.json());
    const credential = await navigator.credentials.get({ publicKey });
    return said(await post('/proof/check', { ticket, credential: JSON.stringify(credential) }));
  } catch {
    return { refusal: 'No passkey was used. Try again, or enter a code.' };
  }
}
