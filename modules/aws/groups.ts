/** What the alarms look at. */
export const GROUP_METRICS = ['GroupDesiredCapacity', 'GroupInServiceInstances'] as const;

/** A group's own tags; its machines get theirs from the template. */
export const groupTags = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, value]) => ({ key, value, propagateAtLaunch: false }));
