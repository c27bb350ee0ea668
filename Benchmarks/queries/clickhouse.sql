-- hourly_traffic
SELECT toStartOfHour(time) AS bucket, sensor, count() AS n, avg(speed) AS speed, sum(vehicles) AS vehicles, max(travel) AS travel FROM traffic WHERE time >= '2014-09-01' AND time < '2014-09-03' GROUP BY sensor, bucket ORDER BY sensor, bucket;
-- daily_city
SELECT toStartOfDay(time) AS bucket, count() AS n, avg(speed) AS speed, sum(vehicles) AS vehicles FROM traffic GROUP BY bucket ORDER BY bucket;
-- latest
SELECT sensor, max(time) AS last, argMax(speed, time) AS speed, argMax(vehicles, time) AS vehicles FROM traffic GROUP BY sensor ORDER BY sensor;
-- asof_weather
SELECT count() AS n, sum(t.vehicles) AS vehicles, avg(w.tempm) AS tempm, count(w.tempm) AS with_temp FROM (SELECT 1 AS k, time, vehicles FROM traffic) t ASOF LEFT JOIN (SELECT 1 AS k, time, tempm FROM weather) w ON t.k = w.k AND t.time >= w.time;
-- asof_pollution
SELECT t.sensor AS sensor, count() AS n, count(p.no2) AS matched, corr(t.vehicles, p.no2) AS r FROM traffic t ASOF LEFT JOIN pollution p ON t.sensor = p.sensor AND t.time >= p.time GROUP BY sensor ORDER BY sensor;
-- asof_pollution_10m
SELECT count() AS n, countIf(p.no2, dateDiff('second', p.time, t.time) <= 600) AS matched, avgIf(p.no2, dateDiff('second', p.time, t.time) <= 600) AS no2 FROM traffic t ASOF LEFT JOIN pollution p ON t.sensor = p.sensor AND t.time >= p.time;
-- align_hourly
SELECT b AS bucket, speed, vehicles, pm, no2, tempm, wind, free, coalesce(reports, 0) AS reports FROM (SELECT toStartOfHour(time) AS b, avg(speed) AS speed, sum(vehicles) AS vehicles FROM traffic WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b) t FULL JOIN (SELECT toStartOfHour(time) AS b, avg(pm) AS pm, avg(no2) AS no2 FROM pollution WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b) p USING (b) FULL JOIN (SELECT toStartOfHour(time) AS b, avg(tempm) AS tempm, max(wspdm) AS wind FROM weather WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b) w USING (b) FULL JOIN (SELECT toStartOfHour(time) AS b, sum(spaces - vehicles) AS free, count() AS reports FROM parking WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b) k USING (b) ORDER BY bucket;
-- parking_local_days
SELECT toStartOfDay(toTimeZone(time, 'Europe/Copenhagen')) AS day, garage, count() AS n, max(vehicles) AS vehicles FROM parking WHERE time >= '2014-10-20' AND time < '2014-11-04' GROUP BY garage, day ORDER BY garage, day;
