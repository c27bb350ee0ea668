import BelfryCore

/// Functions of texts. Places and lengths count characters of UTF-8; comparison and search go by
/// bytes.
enum TextFunctions {
    static let signatures: [FunctionSignature] = measures + cuts + changes

    private static let measures: [FunctionSignature] = [
        FunctionSignature("length", [.text], .bigint) { arguments, rowCount, _ in
            numbers(arguments, rowCount) { Bytes.characterCount($0[0]) }
        },
        FunctionSignature("char_length", [.text], .bigint) { arguments, rowCount, _ in
            numbers(arguments, rowCount) { Bytes.characterCount($0[0]) }
        },
        FunctionSignature("octet_length", [.text], .bigint) { arguments, rowCount, _ in
            numbers(arguments, rowCount) { $0[0].count }
        },
        FunctionSignature("strpos", [.text, .text], .bigint) { arguments, rowCount, _ in
            numbers(arguments, rowCount) {
                guard let index = Bytes.firstIndex(of: $0[1], in: $0[0]) else { return 0 }
                return Bytes.characterCount($0[0][..<index]) + 1
            }
        },
        FunctionSignature("starts_with", [.text, .text], .boolean) { arguments, rowCount, _ in
            let validity = Lanes.validity(arguments, rowCount: rowCount)
            let a = TextView(arguments[0], rowCount: rowCount)
            let b = TextView(arguments[1], rowCount: rowCount)
            var result = [Bool](repeating: false, count: rowCount)
            for row in 0..<rowCount where validity.isValid(row) {
                result[row] = a[row].starts(with: b[row])
            }
            return Vector(booleans: result, validity: validity)
        },
        FunctionSignature("ascii", [.text], .bigint) { arguments, rowCount, _ in
            numbers(arguments, rowCount) {
                Int(
                    String(decoding: $0[0].prefix(4), as: UTF8.self).unicodeScalars.first?.value
                        ?? 0)
            }
        },
    ]

    private static let cuts: [FunctionSignature] = [
        FunctionSignature("substring", [.text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try substrings(arguments, rowCount)
        },
        FunctionSignature("substring", [.text, .bigint, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try substrings(arguments, rowCount)
        },
        FunctionSignature("substr", [.text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try substrings(arguments, rowCount)
        },
        FunctionSignature("substr", [.text, .bigint, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try substrings(arguments, rowCount)
        },
        FunctionSignature("left", [.text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                let text = texts[0]
                let wanted = numbers[0]
                let count =
                    wanted >= 0
                    ? clamped(wanted)
                    : max(0, Bytes.characterCount(text) &+ clamped(wanted))
                output.append(
                    text[..<Bytes.index(text, after: count, from: text.startIndex)])
            }
        },
        FunctionSignature("right", [.text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                let text = texts[0]
                let wanted = numbers[0]
                let skipped =
                    wanted >= 0
                    ? max(0, Bytes.characterCount(text) &- clamped(wanted)) : -clamped(wanted)
                output.append(
                    text[Bytes.index(text, after: skipped, from: text.startIndex)...])
            }
        },
        FunctionSignature("split_part", [.text, .text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) throws(QueryError) in
                output.append(try part(of: texts[0], between: texts[1], number: numbers[0]))
            }
        },
        FunctionSignature("btrim", [.text, .text], .text, trim(start: true, end: true)),
        FunctionSignature("btrim", [.text], .text, trim(start: true, end: true)),
        FunctionSignature("trim", [.text], .text, trim(start: true, end: true)),
        FunctionSignature("ltrim", [.text, .text], .text, trim(start: true, end: false)),
        FunctionSignature("ltrim", [.text], .text, trim(start: true, end: false)),
        FunctionSignature("rtrim", [.text, .text], .text, trim(start: false, end: true)),
        FunctionSignature("rtrim", [.text], .text, trim(start: false, end: true)),
    ]

    private static let changes: [FunctionSignature] = [
        FunctionSignature("lower", [.text], .text) { (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                if texts[0].allSatisfy({ $0 < 0x80 }) {
                    output.append(texts[0].map { $0 &- 65 < 26 ? $0 | 0x20 : $0 })
                } else {
                    output.append(String(decoding: texts[0], as: UTF8.self).lowercased())
                }
            }
        },
        FunctionSignature("upper", [.text], .text) { (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                if texts[0].allSatisfy({ $0 < 0x80 }) {
                    output.append(texts[0].map { $0 &- 97 < 26 ? $0 & 0xDF : $0 })
                } else {
                    output.append(String(decoding: texts[0], as: UTF8.self).uppercased())
                }
            }
        },
        FunctionSignature("initcap", [.text], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                var isInside = false
                var result = ""
                for character in String(decoding: texts[0], as: UTF8.self) {
                    result += isInside ? character.lowercased() : character.uppercased()
                    isInside = character.isLetter || character.isNumber
                }
                output.append(result)
            }
        },
        FunctionSignature("reverse", [.text], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                var scalars = String.UnicodeScalarView()
                scalars.append(
                    contentsOf: String(decoding: texts[0], as: UTF8.self).unicodeScalars.reversed())
                output.append(String(scalars))
            }
        },
        FunctionSignature("replace", [.text, .text, .text], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                output.append(replacing(texts[0], texts[1], by: texts[2]))
            }
        },
        FunctionSignature("repeat", [.text, .bigint], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) throws(QueryError) in
                let count = max(0, clamped(numbers[0]))
                try checkLength(count.multipliedReportingOverflow(by: texts[0].count).partialValue)
                var result: [UInt8] = []
                for _ in 0..<(texts[0].isEmpty ? 0 : count) { result += texts[0] }
                output.append(result)
            }
        },
        FunctionSignature("lpad", [.text, .bigint], .text, pad(isLeft: true)),
        FunctionSignature("lpad", [.text, .bigint, .text], .text, pad(isLeft: true)),
        FunctionSignature("rpad", [.text, .bigint], .text, pad(isLeft: false)),
        FunctionSignature("rpad", [.text, .bigint, .text], .text, pad(isLeft: false)),
        FunctionSignature("||", [.text, .text], .text) {
            (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                output.append(texts[0] + texts[1])
            }
        },
        // NULL arguments are left out; nothing is left out of the result.
        FunctionSignature("concat", [.text], .text, repeatsLast: true) {
            (arguments, rowCount, _) throws(QueryError) in
            let views = arguments.map { TextView($0, rowCount: rowCount) }
            var output = TextStorage()
            for row in 0..<rowCount {
                var joined: [UInt8] = []
                for view in views where view.isValid(row) { joined += view[row] }
                output.append(joined)
                try checkLength(output.bytes.count)
            }
            return Vector(.text, .texts(output))
        },
        FunctionSignature("concat_ws", [.text, .text], .text, repeatsLast: true) {
            (arguments, rowCount, _) throws(QueryError) in
            let separator = TextView(arguments[0], rowCount: rowCount)
            let views = arguments.dropFirst().map { TextView($0, rowCount: rowCount) }
            var output = TextStorage()
            for row in 0..<rowCount {
                var joined: [UInt8] = []
                var isFirst = true
                for view in views where view.isValid(row) && separator.isValid(row) {
                    if !isFirst { joined += separator[row] }
                    joined += view[row]
                    isFirst = false
                }
                output.append(joined)
                try checkLength(output.bytes.count)
            }
            return Vector(
                .text, .texts(output),
                validity: Lanes.validity([arguments[0]], rowCount: rowCount))
        },
    ]

    // MARK: The loops

    private static func numbers(
        _ arguments: [Vector], _ rowCount: Int, _ body: ([ArraySlice<UInt8>]) -> Int
    ) -> Vector {
        let validity = Lanes.validity(arguments, rowCount: rowCount)
        let views = arguments.map { TextView($0, rowCount: rowCount) }
        var result = [Int64](repeating: 0, count: rowCount)
        for row in 0..<rowCount where validity.isValid(row) {
            result[row] = Int64(body(views.map { $0[row] }))
        }
        return Vector(integers: result, validity: validity)
    }

    /// A text a row from the texts and the numbers among the arguments; NULL where one is NULL.
    private static func texts(
        _ arguments: [Vector], _ rowCount: Int,
        _ body: (Int, [ArraySlice<UInt8>], [Int64], inout TextStorage) throws(QueryError) -> Void
    ) throws(QueryError) -> Vector {
        let validity = Lanes.validity(arguments, rowCount: rowCount)
        let views = arguments.filter { $0.type.layout == .texts }
            .map { TextView($0, rowCount: rowCount) }
        let numbers = arguments.filter { $0.type.layout == .integers }
        var output = TextStorage()
        output.offsets.reserveCapacity(rowCount + 1)
        for row in 0..<rowCount {
            guard validity.isValid(row) else {
                output.append([UInt8]())
                continue
            }
            try body(
                row, views.map { $0[row] },
                numbers.map { $0.integers[$0.place(row, of: rowCount)] }, &output)
            try checkLength(output.bytes.count)
        }
        return Vector(.text, .texts(output), validity: validity)
    }

    private static func clamped(_ value: Int64) -> Int {
        Int(max(-2_147_483_648, min(2_147_483_647, value)))
    }

    /// So many bytes a text may have, and all texts of a vector together.
    private static func checkLength(_ byteCount: Int) throws(QueryError) {
        if byteCount > 1 << 28 || byteCount < 0 {
            throw QueryError("54000", "requested length too large")
        }
    }

    private static func substrings(_ arguments: [Vector], _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        try texts(arguments, rowCount) { (row, texts, numbers, output) throws(QueryError) in
            let text = texts[0]
            let start = clamped(numbers[0])
            var end = Int.max
            if numbers.count > 1 {
                guard numbers[1] >= 0 else {
                    throw QueryError("22011", "negative substring length not allowed")
                }
                end = start + clamped(numbers[1])
            }
            let first = max(1, start)
            guard end > first else {
                output.append([UInt8]())
                return
            }
            let from = Bytes.index(text, after: first - 1, from: text.startIndex)
            let to = Bytes.index(text, after: end == .max ? .max : end - first, from: from)
            output.append(text[from..<to])
        }
    }

    private static func part(
        of text: ArraySlice<UInt8>, between separator: ArraySlice<UInt8>, number: Int64
    ) throws(QueryError) -> ArraySlice<UInt8> {
        if number == 0 { throw QueryError("22023", "field position must not be zero") }
        var parts: [ArraySlice<UInt8>] = []
        var start = text.startIndex
        if !separator.isEmpty {
            while let place = Bytes.firstIndex(of: separator, in: text, from: start) {
                parts.append(text[start..<place])
                start = place + separator.count
            }
        }
        parts.append(text[start...])
        let index = number > 0 ? number - 1 : Int64(parts.count) &+ number
        return index >= 0 && index < parts.count ? parts[Int(index)] : []
    }

    private static func replacing(
        _ text: ArraySlice<UInt8>, _ old: ArraySlice<UInt8>, by new: ArraySlice<UInt8>
    ) -> [UInt8] {
        if old.isEmpty { return Array(text) }
        var result: [UInt8] = []
        var start = text.startIndex
        while let place = Bytes.firstIndex(of: old, in: text, from: start) {
            result += text[start..<place]
            result += new
            start = place + old.count
        }
        return result + text[start...]
    }

    private static func trim(start: Bool, end: Bool) -> ScalarFunction.Kernel {
        { (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) in
                let removed =
                    texts.count > 1
                    ? Set(String(decoding: texts[1], as: UTF8.self).unicodeScalars) : [" "]
                var scalars = Substring(String(decoding: texts[0], as: UTF8.self)).unicodeScalars
                while start, let first = scalars.first, removed.contains(first) {
                    scalars.removeFirst()
                }
                while end, let last = scalars.last, removed.contains(last) {
                    scalars.removeLast()
                }
                output.append(String(String.UnicodeScalarView(scalars)))
            }
        }
    }

    private static func pad(isLeft: Bool) -> ScalarFunction.Kernel {
        { (arguments, rowCount, _) throws(QueryError) in
            try texts(arguments, rowCount) { (row, texts, numbers, output) throws(QueryError) in
                let wanted = max(0, clamped(numbers[0]))
                try checkLength(wanted)
                let text = texts[0]
                let count = Bytes.characterCount(text)
                if count >= wanted {
                    output.append(text[..<Bytes.index(text, after: wanted, from: text.startIndex)])
                    return
                }
                let filler: ArraySlice<UInt8> = texts.count > 1 ? texts[1] : [UInt8(ascii: " ")]
                let fillerCount = Bytes.characterCount(filler)
                var padding: [UInt8] = []
                if fillerCount > 0 {
                    let missing = wanted - count
                    for _ in 0..<(missing / fillerCount) { padding += filler }
                    let end = Bytes.index(
                        filler, after: missing % fillerCount, from: filler.startIndex)
                    padding += filler[..<end]
                }
                output.append(isLeft ? padding + Array(text) : Array(text) + padding)
            }
        }
    }
}
