/** A Kalman filter for one coordinate that moves at a constant velocity, disturbed by a random acceleration. */

export class ConstantVelocity {
  /** Units of the coordinate. */
  position: number;
  /** Units per second. */
  velocity = 0;
  /** Covariance of position and velocity: `[[pp, pv], [pv, vv]]`. */
  #pp: number;
  #pv = 0;
  #vv: number;

  /** @param velocityDeviation standard deviation of the velocity at the start, where it is 0, in units per second */
  constructor(position: number, measurementDeviation: number, velocityDeviation: number) {
    this.position = position;
    this.#pp = measurementDeviation ** 2;
    this.#vv = velocityDeviation ** 2;
  }

  /** Moves on by `seconds`. @param accelerationDensity power of the random acceleration, units^2 / s^3 */
  predict(seconds: number, accelerationDensity: number): void {
    this.position += this.velocity * seconds;
    this.#pp += seconds * (2 * this.#pv + seconds * this.#vv) + (accelerationDensity * seconds ** 3) / 3;
    this.#pv += seconds * this.#vv + (accelerationDensity * seconds ** 2) / 2;
    this.#vv += accelerationDensity * seconds;
  }

  /** Takes in a measured position. */
  correct(measured: number, measurementDeviation: number): void {
    const residual = measured - this.position;
    const variance = this.#pp + measurementDeviation ** 2;
    const positionGain = this.#pp / variance;
    const velocityGain = this.#pv / variance;
    this.position += positionGain * residual;
    this.velocity += velocityGain * residual;
    this.#vv -= velocityGain * this.#pv;
    this.#pv -= positionGain * this.#pv;
    this.#pp -= positionGain * this.#pp;
  }
}
