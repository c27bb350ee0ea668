/// The piece of input that is being read: refilled from a source, with the beginning of an
/// unfinished record moved to its front.
///
/// Behind the text lie padding and as much room again for texts without their escapes.
@safe
final class InputBuffer {
    /// No record may be longer.
    static let recordByteCountLimit = 64 << 20

    private let source: ByteSource
    private var memory: UnsafeMutableRawBufferPointer
    private var capacity: Int
    /// The text not done with yet.
    private(set) var start = 0
    private(set) var end = 0
    private(set) var isLast = false
    /// Line number of the byte at `start`.
    private(set) var line = 1

    init(_ source: ByteSource, capacity: Int) {
        self.source = source
        self.capacity = capacity
        unsafe memory = Self.allocate(capacity)
    }

    deinit { unsafe memory.deallocate() }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * capacity + 2 * TextBytes.paddingByteCount, alignment: 64)
        return unsafe memory
    }

    /// Where the room for unescaped texts begins.
    var roomStart: Int { capacity + TextBytes.paddingByteCount }

    /// The whole buffer, its room included.
    var text: TextBytes {
        unsafe TextBytes(
            base: memory.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped,
            count: 2 * capacity + TextBytes.paddingByteCount)
    }

    /// The line that a place is on.
    func line(of offset: Int) -> Int {
        line + text.lineEndCount(start, max(start, min(offset, end)))
    }

    /// Done with the text before a place.
    func consume(to offset: Int) {
        line = line(of: offset)
        start = offset
    }

    /// Reads more behind what is there. At the end of the input a line end is added where it
    /// lacks.
    func fill() throws(ImportError) {
        if isLast { return }
        if start > 0 {
            let count = end - start
            if count > 0, let base = unsafe memory.baseAddress {
                unsafe base.copyMemory(from: base + start, byteCount: count)
            }
            start = 0
            end = count
        }
        // One byte is kept for the line end that may have to be added.
        if end >= capacity - 1 { try grow() }
        while end < capacity - 1 {
            let count = try unsafe source.read(
                into: UnsafeMutableRawBufferPointer(rebasing: memory[end..<(capacity - 1)]))
            end += count
            if count == 0 {
                isLast = true
                if end > 0, text[end - 1] != 10 {
                    text.store(10, at: end)
                    end += 1
                }
                return
            }
        }
    }

    private func grow() throws(ImportError) {
        guard capacity < Self.recordByteCountLimit else {
            throw ImportError(
                "a record longer than \(Self.recordByteCountLimit >> 20) MiB", file: source.name,
                line: line, hint: "Is a quote not closed?")
        }
        let larger = unsafe Self.allocate(2 * capacity)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[0..<end]))
        unsafe memory.deallocate()
        unsafe memory = larger
        capacity *= 2
    }
}
