/** What `fit` tells while it runs. */
import type { Evaluation } from "./evaluate.js";

/** What one step did; given to callbacks after the optimizer has moved the parameters. */
export interface StepEvent {
  /** Epoch, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Step within the epoch, from 1. */
  readonly step: number;
  /** Steps per epoch, where the data knows its length. */
  readonly steps: number | undefined;
  /** Steps since the training began, those before a resume included. */
  readonly globalStep: number;
  /** Loss of this batch. */
  readonly loss: number;
  /** Mean loss of this epoch's samples so far. */
  readonly meanLoss: number;
  /** The rate that this step used. */
  readonly learningRate: number;
  /** Samples of this epoch so far. */
  readonly samples: number;
  /** Seconds since this epoch began (or went on after a resume). */
  readonly seconds: number;
  /** Seconds that the rest of this epoch will take at this pace, where the data knows its length. */
  readonly secondsLeft: number | undefined;
  /** Ends the training after this step, without an error. */
  stop(): void;
}

/** What one epoch did. */
export interface EpochEvent {
  readonly epoch: number;
  readonly epochs: number;
  /** Mean loss of the epoch's samples, each at the time of its step. */
  readonly loss: number;
  /** Loss and metrics on the validation data; undefined without any. */
  readonly validation: Evaluation | undefined;
  readonly learningRate: number;
  readonly seconds: number;
  /** Ends the training after this epoch, without an error. */
  stop(): void;
}

/** A loss, gradient or parameter that is NaN or infinite. */
export interface NonFiniteEvent {
  readonly epoch: number;
  /** Step within the epoch, from 1. */
  readonly step: number;
  /** Steps since the training began, this one included. */
  readonly globalStep: number;
  /** Where it was noticed first. `"validationLoss"` is only told: it changes no weight, and counts as no improvement. */
  readonly what: "loss" | "gradient" | "parameter" | "validationLoss";
  /** NaN, Infinity or −Infinity. */
  readonly value: number;
  /** What it is, and the likely cause, as a sentence. */
  readonly message: string;
}

/** Functions that `fit` calls; it waits for those that return a promise. */
export interface Callback {
  onStart?(): void | Promise<void>;
  onStep?(event: StepEvent): void | Promise<void>;
  onEpoch?(event: EpochEvent): void | Promise<void>;
  /** Told before `fit` stops, or goes on where `nonFinite` says so. */
  onNonFinite?(event: NonFiniteEvent): void | Promise<void>;
  /** Also called when the training ends early or by an error. */
  onEnd?(): void | Promise<void>;
}

/** A finished epoch, as the history keeps it. */
export type HistoryEntry = Omit<EpochEvent, "stop" | "epochs">;
