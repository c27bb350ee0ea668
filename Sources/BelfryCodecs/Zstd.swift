package import BelfryCore
import CZstd

/// General compression of whole buffers.
///
/// One value keeps the library's working memory from call to call; make one per strip or file.
@safe package struct Zstd: ~Copyable {
    private let context: OpaquePointer?

    package init() { unsafe context = ZSTD_createCCtx() }

    deinit { _ = unsafe ZSTD_freeCCtx(context) }

    /// The bytes as one frame; nil where that takes more than `limit` bytes.
    package borrowing func compress(_ bytes: RawSpan, limit: Int, level: Int32 = 3) -> [UInt8]? {
        guard limit > 0, unsafe context != nil else { return nil }
        let compressed = unsafe [UInt8](unsafeUninitializedCapacity: limit) { output, count in
            let written = unsafe bytes.withUnsafeBytes { input in
                unsafe ZSTD_compressCCtx(
                    context, output.baseAddress, limit, input.baseAddress, input.count, level)
            }
            count = ZSTD_isError(written) != 0 ? 0 : written
        }
        return compressed.isEmpty ? nil : compressed
    }

    /// The bytes of one frame that are known to be so many.
    package static func decompress(
        _ bytes: RawSpan, byteCount: Int, limit: Int
    ) throws(FormatError) -> [UInt8] {
        guard byteCount >= 0 && byteCount <= limit else {
            throw FormatError("\(byteCount) bytes, at most \(limit) expected", at: 0)
        }
        let announced = unsafe bytes.withUnsafeBytes { input in
            unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count)
        }
        // A frame that announces another length is damaged; one that announces none is not ours.
        guard announced == UInt64(byteCount) else {
            throw FormatError("a zstd frame of another length than \(byteCount)", at: 0)
        }
        var problem: String?
        let output = unsafe [UInt8](unsafeUninitializedCapacity: max(1, byteCount)) {
            output, count in
            let written = unsafe bytes.withUnsafeBytes { input in
                unsafe ZSTD_decompress(
                    output.baseAddress, byteCount, input.baseAddress, input.count)
            }
            if ZSTD_isError(written) != 0 {
                problem = unsafe String(cString: ZSTD_getErrorName(written))
                count = 0
            } else {
                count = written
            }
        }
        if let problem { throw FormatError("zstd: \(problem)", at: 0) }
        guard output.count == byteCount else {
            throw FormatError("zstd: \(output.count) bytes, \(byteCount) expected", at: 0)
        }
        return output
    }
}
