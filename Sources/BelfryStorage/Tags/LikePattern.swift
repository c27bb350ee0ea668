/// SQL LIKE over UTF-8 bytes: `%` any run, `_` one character, backslash takes the next literally.
///
/// A failed match goes back to the last `%` alone, so the work is at most pattern times text and
/// never exponential. Without case only ASCII letters are folded.
package struct LikePattern: Sendable {
    private enum Step: Hashable, Sendable {
        case byte(UInt8)
        case anyCharacter
        case anyRun
    }

    private let steps: [Step]
    private let isCaseInsensitive: Bool

    package init(_ pattern: [UInt8], isCaseInsensitive: Bool) {
        self.isCaseInsensitive = isCaseInsensitive
        var steps: [Step] = []
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            switch byte {
            case UInt8(ascii: "%"):
                if steps.last != .anyRun { steps.append(.anyRun) }
            case UInt8(ascii: "_"): steps.append(.anyCharacter)
            case UInt8(ascii: "\\") where index + 1 < pattern.count:
                index += 1
                steps.append(.byte(isCaseInsensitive ? Self.fold(pattern[index]) : pattern[index]))
            default: steps.append(.byte(isCaseInsensitive ? Self.fold(byte) : byte))
            }
            index += 1
        }
        self.steps = steps
    }

    package func matches(_ text: ArraySlice<UInt8>) -> Bool {
        var position = text.startIndex
        var step = 0
        // Where to go on after the last `%`, which may have taken one character more.
        var retryStep: Int?
        var retryPosition = text.startIndex
        while position < text.endIndex || step < steps.count {
            if step < steps.count {
                switch steps[step] {
                case .anyRun:
                    retryStep = step + 1
                    retryPosition = position
                    step += 1
                    continue
                case .byte(let wanted) where position < text.endIndex:
                    let byte = isCaseInsensitive ? Self.fold(text[position]) : text[position]
                    if byte == wanted {
                        position += 1
                        step += 1
                        continue
                    }
                case .anyCharacter where position < text.endIndex:
                    position = Self.nextCharacter(text, position)
                    step += 1
                    continue
                case .byte, .anyCharacter: break
                }
            }
            guard let again = retryStep, retryPosition < text.endIndex else { return false }
            retryPosition = Self.nextCharacter(text, retryPosition)
            position = retryPosition
            step = again
        }
        return true
    }

    private static func nextCharacter(_ text: ArraySlice<UInt8>, _ position: Int) -> Int {
        var next = position + 1
        while next < text.endIndex && text[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
