-- hourly_traffic
SELECT bucket, sensor, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles, max(travel) AS travel FROM traffic WHERE time >= '2014-09-01' AND time < '2014-09-03' GROUP BY sensor SAMPLE BY '1 hour' ORDER BY sensor, bucket;
-- daily_city
SELECT bucket, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles FROM traffic SAMPLE BY '1 day' ORDER BY bucket;
-- latest
SELECT sensor, time, speed, vehicles FROM traffic LATEST BY (sensor) ORDER BY sensor;
-- asof_weather
SELECT count(*) AS n, sum(t.vehicles) AS vehicles, avg(w.tempm) AS tempm, count(w.tempm) AS with_temp FROM traffic t ASOF JOIN weather w;
-- asof_pollution
SELECT t.sensor, count(*) AS n, count(p.no2) AS matched, corr(t.vehicles, p.no2) AS r FROM traffic t ASOF JOIN pollution p USING (sensor) GROUP BY t.sensor ORDER BY t.sensor;
-- asof_pollution_10m
SELECT count(*) AS n, count(p.no2) AS matched, avg(p.no2) AS no2 FROM traffic t ASOF JOIN pollution p USING (sensor) TOLERANCE '10 minutes';
-- align_hourly
SELECT bucket, avg(t.speed) AS speed, sum(t.vehicles) AS vehicles, avg(p.pm) AS pm, avg(p.no2) AS no2, avg(w.tempm) AS tempm, max(w.wspdm) AS wind, sum(k.spaces - k.vehicles) AS free, count(k.*) AS reports FROM traffic t ALIGN JOIN pollution p ALIGN JOIN weather w ALIGN JOIN parking k WHERE time >= '2014-08-15' AND time < '2014-08-22' SAMPLE BY '1 hour' ORDER BY bucket;
-- parking_local_days
SELECT bucket AT TIME ZONE 'Europe/Copenhagen' AS day, garage, count(*) AS n, max(vehicles) AS vehicles FROM parking WHERE time >= '2014-10-20' AND time < '2014-11-04' GROUP BY garage SAMPLE BY '1 day' TIME ZONE 'Europe/Copenhagen' ORDER BY garage, day;
