/// Many numbers by index, in pages of 4,096, so that growing copies a page and never the whole.
///
/// A copy shares all pages; a page that is changed afterwards is copied alone. Pages that were
/// never set take nothing.
struct NumberPages: Sendable {
    static let pageCount = 4096
    private static let shift: UInt = 12

    private var pages: [[UInt32]] = []
    /// What stands where nothing was set.
    let none: UInt32

    init(none: UInt32) { self.none = none }

    subscript(_ index: Int) -> UInt32 {
        get {
            let page = index >> Int(Self.shift)
            guard page < pages.count, !pages[page].isEmpty else { return none }
            return pages[page][index & (Self.pageCount - 1)]
        }
        set {
            let page = index >> Int(Self.shift)
            while pages.count <= page { pages.append([]) }
            if pages[page].isEmpty {
                if newValue == none { return }
                pages[page] = [UInt32](repeating: none, count: Self.pageCount)
            }
            pages[page][index & (Self.pageCount - 1)] = newValue
        }
    }

    /// Calls for each index below `count`, page by page.
    func forEach(below count: Int, _ body: (Int, UInt32) -> Void) {
        var index = 0
        for page in pages where index < count {
            let end = min(count, index + Self.pageCount)
            if page.isEmpty {
                while index < end {
                    body(index, none)
                    index += 1
                }
                continue
            }
            for number in page.prefix(end - index) {
                body(index, number)
                index += 1
            }
        }
        while index < count {
            body(index, none)
            index += 1
        }
    }

    /// The numbers below `count` as one array.
    func array(_ count: Int) -> [UInt32] {
        var all: [UInt32] = []
        all.reserveCapacity(count)
        for page in pages where all.count < count {
            let wanted = min(Self.pageCount, count - all.count)
            if page.isEmpty {
                all.append(contentsOf: repeatElement(none, count: wanted))
            } else {
                all.append(contentsOf: page[..<wanted])
            }
        }
        if all.count < count {
            all.append(contentsOf: repeatElement(none, count: count - all.count))
        }
        return all
    }
}
