/** Least-squares slope through points `[x, y]`. */
export function slope(points) {
	const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
	const [x, y] = [mean(points.map(([value]) => value)), mean(points.map(([, value]) => value))];
	const covariance = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
	return covariance / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}
