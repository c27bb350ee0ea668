import Foundation
import Testing

@testable import BelfryTown

/// The written-out rules of the four zones are those of the world's clocks.
@Suite struct ClockTests {
    @Test(arguments: TownZone.allCases)
    func offsetsAreThoseOfTheSystem(_ zone: TownZone) throws {
        guard let system = TimeZone(identifier: zone.rawValue) else { return }
        // Every hour and a half of 2020 to 2030, from a half hour on.
        for time in stride(from: 1_577_838_600, to: 1_893_456_000, by: 5_400) {
            let expected = system.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time)))
            let offset = zone.offset(at: time)
            if offset != expected {
                Issue.record("\(zone.rawValue) at \(time): \(offset), not \(expected)")
                return
            }
        }
    }

    @Test func daysAreAsLongAsTheyAre() throws {
        let autumn = try #require(TownOptions.firstDay(from: "2025-10-26"))
        #expect(
            TownZone.copenhagen.midnight(ofDay: autumn + 1)
                - TownZone.copenhagen.midnight(ofDay: autumn) == 25 * 3_600)
        let spring = try #require(TownOptions.firstDay(from: "2026-03-29"))
        #expect(
            TownZone.copenhagen.midnight(ofDay: spring + 1)
                - TownZone.copenhagen.midnight(ofDay: spring) == 23 * 3_600)
        let island = try #require(TownOptions.firstDay(from: "2025-10-05"))
        #expect(
            TownZone.lordHowe.midnight(ofDay: island + 1)
                - TownZone.lordHowe.midnight(ofDay: island) == 23 * 3_600 + 1_800)
    }

    @Test func datesComeBack() {
        for day in stride(from: -200_000, to: 200_000, by: 1) {
            let date = CivilDate(dayNumber: day)
            if date.dayNumber != day {
                Issue.record("\(date) is day \(date.dayNumber), not \(day)")
            }
        }
        #expect(CivilDate(dayNumber: 0).text == "1970-01-01")
        #expect(CivilDate.weekday(0) == 3)
    }

    @Test func startsAreReadOrRefused() {
        #expect(TownOptions.firstDay(from: "2025-10-06") == TownOptions.defaultFirstDay)
        for text in ["", "2025-13-01", "2025-02-29", "25-02-01", "2025-10-6", "1066-10-14", "x"] {
            #expect(TownOptions.firstDay(from: text) == nil)
        }
    }

    @Test(arguments: TownZone.allCases)
    func everyZoneMakesATown(_ zone: TownZone) {
        let (text, summary) = TownText.make(TownOptions(zone: zone, days: 1))
        #expect(summary.rows > 10_000)
        #expect(text.text("questions.sql").contains("TIME ZONE '\(zone.rawValue)'"))
    }
}
