import Glibc

/// Standard output, standard error, and what a terminal can do.
enum Terminal {
    /// A reader that went away is told by write, not by a signal.
    static func ignoreClosedPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The width of the terminal; 80 where there is none.
    static var width: Int {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    static func writeError(_ text: String) {
        _ = write(Array((text + "\n").utf8), to: STDERR_FILENO)
    }

    /// Without a line end: progress, which writes over itself.
    static func writeErrorRaw(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    /// All bytes; false where the reader is gone or the device refuses.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            if written > 0 {
                done += written
            } else if written < 0 && errno == EINTR {
                continue
            } else {
                return false
            }
        }
        return true
    }
}

/// Buffered standard output. After the reader has gone, the program ends quietly.
final class StandardOutput {
    private var buffer: [UInt8] = []

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        if buffer.count > 1 << 16 { flush() }
    }

    func flush() {
        guard !buffer.isEmpty else { return }
        if !Terminal.write(buffer, to: STDOUT_FILENO) {
            let isClosedPipe = errno == EPIPE
            if !isClosedPipe { Terminal.writeError("belfry: cannot write to standard output") }
            Terminal.exit(isClosedPipe ? 0 : 1)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
