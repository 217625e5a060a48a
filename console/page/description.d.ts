// The types of tree.js: a type that contains itself cannot be written in JSDoc.

export type Value = string | number | boolean | null | undefined;

/** An element as it shall be. */
export interface Description {
  readonly tag: string;
  readonly attributes: { readonly [name: string]: Value };
  readonly children: readonly Part[];
  readonly key: string;
}

export type Part = Description | string;

/** What a caller may pass: lists are flattened, and what is nothing is left out. */
export type Child = Part | number | null | undefined | false | readonly Child[];
