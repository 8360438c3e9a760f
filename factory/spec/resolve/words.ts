/** `a, b or c`. */
export const list = (values: readonly (number | string)[]): string => {
  const words = values.map(String);
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
};
