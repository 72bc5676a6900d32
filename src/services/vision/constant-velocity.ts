/** A Kalman filter for one coordinate that moves at a steady pace, disturbed by a random acceleration. */

export class ConstantVelocity {
  /** Units of the coordinate. */
  position: number;
  /** Units per second. */
  velocity = 0;
  /** Covariance of position and velocity: `[[pp, pv], [pv, vv]]`. */
  #pp: number;
  #pv = 0;
  #vv: number;

  /** @param velocityDeviation how fast it may be moving, units per second: the velocity starts at 0 with that much doubt */
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
    const doubt = this.#pp + measurementDeviation ** 2;
    const positionGain = this.#pp / doubt;
    const velocityGain = this.#pv / doubt;
    this.position += positionGain * residual;
    this.velocity += velocityGain * residual;
    this.#vv -= velocityGain * this.#pv;
    this.#pv -= positionGain * this.#pv;
    this.#pp -= positionGain * this.#pp;
  }
}
