import Testing

@testable import BelfryQuery

@Suite("Suggestions")
struct SuggestionTests {
    @Test("counts insertions, deletions, replacements and swaps")
    func distances() {
        func distance(_ left: String, _ right: String) -> Int {
            Suggestion.editDistance(Array(left.utf8), Array(right.utf8))
        }
        #expect(distance("", "abc") == 3)
        #expect(distance("speed", "speed") == 0)
        #expect(distance("sped", "speed") == 1)
        #expect(distance("spede", "speed") == 1)
        #expect(distance("kitten", "sitting") == 3)
    }

    @Test("means the nearest name, if one is near")
    func nearest() {
        let names = ["traffic", "weather", "parking"]
        #expect(Suggestion.text(for: "trafic", among: names) == "did you mean \"traffic\"?")
        #expect(Suggestion.text(for: "pollution", among: names) == nil)
    }
}
