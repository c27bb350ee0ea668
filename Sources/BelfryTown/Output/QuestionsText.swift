/// `questions.sql`: three questions that no single table answers. The last one's rows are a time
/// and a number, made to be drawn.
struct QuestionsText: Sendable {
    var calendar: TownCalendar

    var text: String {
        let zone = calendar.clock.rawValue
        // The last whole day of the run, and the whole run.
        let lastDay = calendar.dayCount - 1
        let begin = calendar.midnightText(0)
        let dayBegin = calendar.midnightText(lastDay)
        let end = endText
        return """
            -- 1. How did the city breathe, hour by hour? Four domains on one grid.
            SELECT bucket,
                   sum(t.vehicles) AS vehicles,
                   round(avg(t.speed), 1) AS speed,
                   round(avg(a.no2), 1) AS no2,
                   round(avg(w.temperature), 1) AS temperature,
                   round(avg(w.wind_speed), 1) AS wind,
                   round(avg(w.rain) * 60, 1) AS rain,
                   round(avg(p.occupied), 0) AS parked
            FROM traffic t
            ALIGN JOIN air a
            ALIGN JOIN weather w
            ALIGN JOIN parking p
            WHERE time >= '\(dayBegin)' AND time < '\(end)'
            SAMPLE BY '1 hour' TIME ZONE '\(zone)'
            ORDER BY bucket;

            -- 2. What did each district draw from the grid on each local day, and how busy was it?
            SELECT bucket, district,
                   round(sum(increase(e.energy)) / 1000, 1) AS kwh,
                   sum(t.vehicles) AS vehicles,
                   count(i.*) AS incidents,
                   round(avg(w.temperature), 1) AS temperature
            FROM (meter JOIN meter_site USING (meter)) e
            ALIGN JOIN (traffic JOIN road_sensor USING (sensor)) t USING (district)
            ALIGN JOIN incident i USING (district)
            ALIGN JOIN weather w
            WHERE time >= '\(begin)' AND time < '\(end)'
            GROUP BY district
            SAMPLE BY '1 day' TIME ZONE '\(zone)'
            ORDER BY bucket, district;

            -- 3. How much nitrogen dioxide did a driver meet, hour by hour?
            -- Every air reading beside the traffic at its kerb and the weather of that minute.
            SELECT time_bucket('1 hour', a.time, '\(zone)') AS bucket,
                   round(sum(a.no2 * t.vehicles) / sum(t.vehicles), 1) AS no2_met
            FROM air a
            JOIN air_site s USING (station)
            ASOF INNER JOIN traffic t ON t.sensor = s.sensor TOLERANCE '10 minutes'
            ASOF INNER JOIN weather w TOLERANCE '10 minutes'
            WHERE a.time >= '\(dayBegin)' AND a.time < '\(end)'
              AND t.vehicles > 0
            GROUP BY 1
            ORDER BY 1;

            """
    }

    private var endText: String {
        let instant = calendar.period.upperBound
        let date = CivilDate(dayNumber: calendar.firstDay + calendar.dayCount).text
        return "\(date) 00:00:00\(calendar.clock.offsetText(at: instant))"
    }
}
