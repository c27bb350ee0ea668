-- hourly_traffic
SELECT time_bucket(INTERVAL 1 HOUR, time) AS bucket, sensor, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles, max(travel) AS travel FROM traffic WHERE time >= '2014-09-01' AND time < '2014-09-03' GROUP BY sensor, bucket ORDER BY sensor, bucket;
-- daily_city
SELECT time_bucket(INTERVAL 1 DAY, time) AS bucket, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles FROM traffic GROUP BY bucket ORDER BY bucket;
-- latest
SELECT sensor, max(time) AS time, arg_max(speed, time) AS speed, arg_max(vehicles, time) AS vehicles FROM traffic GROUP BY sensor ORDER BY sensor;
-- asof_weather
SELECT count(*) AS n, sum(t.vehicles) AS vehicles, avg(w.tempm) AS tempm, count(w.tempm) AS with_temp FROM traffic t ASOF LEFT JOIN weather w ON t.time >= w.time;
-- asof_pollution
SELECT t.sensor, count(*) AS n, count(p.no2) AS matched, corr(t.vehicles, p.no2) AS r FROM traffic t ASOF LEFT JOIN pollution p ON t.sensor = p.sensor AND t.time >= p.time GROUP BY t.sensor ORDER BY t.sensor;
-- asof_pollution_10m
SELECT count(*) AS n, count(CASE WHEN t.time - p.time <= INTERVAL 10 MINUTE THEN p.no2 END) AS matched, avg(CASE WHEN t.time - p.time <= INTERVAL 10 MINUTE THEN p.no2 END) AS no2 FROM traffic t ASOF LEFT JOIN pollution p ON t.sensor = p.sensor AND t.time >= p.time;
-- align_hourly
WITH t AS (SELECT time_bucket(INTERVAL 1 HOUR, time) AS b, avg(speed) AS speed, sum(vehicles) AS vehicles FROM traffic WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b), p AS (SELECT time_bucket(INTERVAL 1 HOUR, time) AS b, avg(pm) AS pm, avg(no2) AS no2 FROM pollution WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b), w AS (SELECT time_bucket(INTERVAL 1 HOUR, time) AS b, avg(tempm) AS tempm, max(wspdm) AS wind FROM weather WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b), k AS (SELECT time_bucket(INTERVAL 1 HOUR, time) AS b, sum(spaces - vehicles) AS free, count(*) AS reports FROM parking WHERE time >= '2014-08-15' AND time < '2014-08-22' GROUP BY b) SELECT b AS bucket, speed, vehicles, pm, no2, tempm, wind, free, coalesce(reports, 0) AS reports FROM t FULL JOIN p USING (b) FULL JOIN w USING (b) FULL JOIN k USING (b) ORDER BY bucket;
-- parking_local_days
SELECT date_trunc('day', timezone('Europe/Copenhagen', timezone('UTC', time))) AS day, garage, count(*) AS n, max(vehicles) AS vehicles FROM parking WHERE time >= '2014-10-20' AND time < '2014-11-04' GROUP BY garage, day ORDER BY garage, day;
