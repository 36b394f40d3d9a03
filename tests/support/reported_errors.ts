/** Errors that were reported instead of thrown, kept from failing the test until it is disposed of. */
export class ReportedErrors implements Disposable {
  /** Their messages, in their order. */
  readonly messages: string[] = [];
  readonly #take = (event: ErrorEvent) => {
    event.preventDefault();
    this.messages.push(event.error.message);
  };

  /** Takes them from now on. */
  constructor() {
    addEventListener("error", this.#take);
  }

  /** From now on they fail tests again. */
  [Symbol.dispose](): void {
    removeEventListener("error", this.#take);
  }
}
