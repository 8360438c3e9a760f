/** The contents of an image that are not its disk: file name in the image's folder -> text. */
export interface ImageFiles {
  readonly record: string;
  /** Name in verdicts/ -> text. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Name -> path of a file that is copied: the lock and the manifest, where the bake has them. */
  readonly copies: Readonly<Record<string, string>>;
}

/**
 * Where a registry is kept. Small documents are read and created whole; a disk is stored once. Only
 * two guarantees are asked of a home, and both have a test: `create` has exactly one winner, and an
 * image is there as a whole or not at all.
 */
export interface RegistryHome {
  /** For messages. */
  readonly where: string;
  /** Whether `init` was here. */
  exists(): Promise<boolean>;
  /**
   * Makes an empty registry; does nothing where there is one.
   * @returns whether it was made now.
   * @throws KilnError `registry-unfit` when the home cannot keep `create`'s promise.
   */
  init(): Promise<boolean>;
  /** Names in a folder, sorted; none when it is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** The document's text; undefined when it is not there. */
  read(key: string): Promise<string | undefined>;
  /** Creates a document. @returns false when it was already there: somebody else was first. */
  create(key: string, text: string): Promise<boolean>;
  /**
   * Stores an image, verifying the disk's digest on the way; does nothing when it is stored.
   * @returns whether it was stored now.
   * @throws KilnError `digest-differs`, and nothing of it is left.
   */
  storeImage(digest: string, disk: string, files: ImageFiles): Promise<boolean>;
}
