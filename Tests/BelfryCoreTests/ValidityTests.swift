import BelfryCore
import BelfryTestSupport
import Testing

/// Validity against one Boolean a row.
struct ValidityTests {
    @Test(arguments: [1, 2, 63, 64, 65, 127, 128, 1000, 1024])
    func slicesAndGathersLikeBooleans(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let rows = (0..<count).map { _ in UInt8.random(in: 0..<4, using: &random) > 0 }
        let validity = Validity(rows)
        for _ in 0..<50 {
            let start = Int.random(in: 0..<count, using: &random)
            let end = Int.random(in: start...count, using: &random)
            let part = validity.slice(start..<end)
            #expect((0..<(end - start)).map(part.isValid) == Array(rows[start..<end]))
            #expect(part == Validity(Array(rows[start..<end])))
        }
        let chosen = (0..<count).map { _ in Int32.random(in: -1..<Int32(count), using: &random) }
        let gathered = validity.gather(chosen)
        #expect(
            (0..<count).map(gathered.isValid) == chosen.map { $0 >= 0 && rows[Int($0)] })
        #expect(validity.validCount(of: count) == rows.count { $0 })
    }

    /// Of 63 rows the mask's top bit is the sign of a signed word.
    @Test func sliceOfAWordLessOneRow() {
        var rows = [Bool](repeating: true, count: 128)
        rows[127] = false
        #expect(Validity(rows).slice(0..<63) == .all)
        #expect(!Validity(rows).slice(65..<128).isValid(62))
    }

    @Test func builderAppendsWholeValidities() {
        var builder = ValidityBuilder()
        builder.append(.all, count: 70)
        builder.append(Validity([true, false]), count: 2)
        let validity = builder.finish()
        #expect(validity.isValid(69) && validity.isValid(70) && !validity.isValid(71))
    }
}
