const { newDeviceUrl = '' } = document.body.dataset;

export const canForgetDevice = newDeviceUrl !== '';

/** A form leads to the server that can take the cookie away, and from there back here. */
export function forgetDevice(): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = newDeviceUrl;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'returnTo';
  field.value = `${location.origin}/`;
  form.append(field);
  document.body.append(form);
  form.submit();
}
