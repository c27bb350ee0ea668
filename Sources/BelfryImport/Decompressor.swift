import CZlib
import CZstd

/// `.gz` and `.zst` as a stream of text; several members or frames behind one another are one.
final class Decompressor {
    @safe private enum Stream {
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstd(OpaquePointer)
    }

    private let stream: Stream
    /// Between members, and so at a good place for the input to end.
    private var isBetweenMembers = true

    struct Step {
        var readCount: Int
        var writtenCount: Int
    }

    /// Nil when the first bytes are of neither format.
    init?(startingWith bytes: ArraySlice<UInt8>, file: String) throws(ImportError) {
        if bytes.starts(with: [0x1f, 0x8b]) {
            let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe state.initialize(to: z_stream())
            // 15 bits of window, 16 for the gzip header.
            let status = unsafe inflateInit2_(
                state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            guard status == Z_OK else {
                unsafe state.deallocate()
                throw ImportError("gzip cannot be started (zlib \(status))", file: file)
            }
            unsafe stream = .gzip(state)
        } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            guard let state = unsafe ZSTD_createDStream() else {
                throw ImportError("zstd cannot be started: out of memory", file: file)
            }
            // A frame may ask for no more than 128 MiB of window.
            unsafe ZSTD_DCtx_setParameter(state, ZSTD_d_windowLogMax, 27)
            unsafe stream = .zstd(state)
        } else {
            return nil
        }
    }

    deinit {
        switch stream {
        case .gzip(let state):
            unsafe inflateEnd(state)
            unsafe state.deallocate()
        case .zstd(let state):
            unsafe ZSTD_freeDStream(state)
        }
    }

    /// Decompresses from a range of `input` into `output`.
    /// - Parameter isLast: no input follows; if it ends inside a member, that is an error.
    func decompress(
        _ input: inout [UInt8], _ range: Range<Int>, isLast: Bool,
        into output: UnsafeMutableRawBufferPointer, file: String
    ) throws(ImportError) -> Step {
        if range.isEmpty && isLast && isBetweenMembers {
            return Step(readCount: 0, writtenCount: 0)
        }
        let step: Step
        switch stream {
        case .gzip(let state):
            step = try unsafe inflate(state, &input, range, into: output, file: file)
        case .zstd(let state):
            step = try unsafe decompress(state, input, range, into: output, file: file)
        }
        if isLast && range.isEmpty && step.writtenCount == 0 && !isBetweenMembers {
            throw ImportError("ends inside compressed content: the file is cut off", file: file)
        }
        return step
    }

    private func inflate(
        _ state: UnsafeMutablePointer<z_stream>, _ input: inout [UInt8], _ range: Range<Int>,
        into output: UnsafeMutableRawBufferPointer, file: String
    ) throws(ImportError) -> Step {
        if isBetweenMembers && !range.isEmpty {
            // Zeros behind the last member are padding.
            if input[range].allSatisfy({ $0 == 0 }) {
                return Step(readCount: range.count, writtenCount: 0)
            }
            unsafe inflateReset(state)
            isBetweenMembers = false
        }
        let outputCount = UInt32(min(output.count, 1 << 30))
        var leftIn: UInt32 = 0
        var leftOut: UInt32 = 0
        let status = unsafe input.withUnsafeMutableBufferPointer { buffer in
            unsafe state.pointee.next_in = buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            unsafe state.pointee.avail_in = UInt32(range.count)
            unsafe state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe state.pointee.avail_out = outputCount
            let status = unsafe CZlib.inflate(state, Z_NO_FLUSH)
            leftIn = unsafe state.pointee.avail_in
            leftOut = unsafe state.pointee.avail_out
            return status
        }
        switch status {
        case Z_STREAM_END: isBetweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        default:
            throw ImportError("gzip content is damaged (zlib \(status))", file: file)
        }
        return Step(
            readCount: range.count - Int(leftIn), writtenCount: Int(outputCount - leftOut))
    }

    private func decompress(
        _ state: OpaquePointer, _ input: [UInt8], _ range: Range<Int>,
        into output: UnsafeMutableRawBufferPointer, file: String
    ) throws(ImportError) -> Step {
        var readCount = 0
        var writtenCount = 0
        let status = unsafe input.withUnsafeBytes { source in
            var from = unsafe ZSTD_inBuffer(
                src: source.baseAddress.map { unsafe $0 + range.lowerBound }, size: range.count,
                pos: 0)
            var to = unsafe ZSTD_outBuffer(
                dst: output.baseAddress, size: output.count, pos: 0)
            let status = unsafe ZSTD_decompressStream(state, &to, &from)
            readCount = unsafe from.pos
            writtenCount = unsafe to.pos
            return status
        }
        if ZSTD_isError(status) != 0 {
            let reason = unsafe String(cString: ZSTD_getErrorName(status))
            throw ImportError("zstd content is damaged: \(reason)", file: file)
        }
        isBetweenMembers = status == 0
        return Step(readCount: readCount, writtenCount: writtenCount)
    }
}
