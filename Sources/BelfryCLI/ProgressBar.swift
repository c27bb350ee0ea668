/// A bar on standard error that writes over itself; nothing where nobody watches.
final class ProgressBar {
    private let isShown: Bool
    private var isDrawn = false
    private var lastStep = -1

    init(isShown: Bool) { self.isShown = isShown }

    func show(done: Int, of total: Int?, text: String) {
        guard isShown else { return }
        let width = 30
        // Drawn only when a step further: terminals are slow.
        let step = total.map { $0 > 0 ? min(1_000, done * 1_000 / $0) : 1_000 } ?? done >> 20
        guard step != lastStep else { return }
        lastStep = step
        var line = "\r"
        if total != nil {
            let filled = step * width / 1_000
            line += String(repeating: "█", count: filled)
            line += String(repeating: "░", count: width - filled)
            line += " \(step / 10)% "
        } else {
            line += "\(done >> 20) MiB "
        }
        Terminal.writeErrorRaw(line + text + "\u{1B}[K")
        isDrawn = true
    }

    func clear() {
        if isDrawn { Terminal.writeErrorRaw("\r\u{1B}[K") }
        isDrawn = false
        lastStep = -1
    }

    /// A number with spaces between its thousands.
    static func grouped(_ number: Int) -> String {
        var result = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0 && index % 3 == 0 && digit != "-" { result.append(" ") }
            result.append(digit)
        }
        return String(result.reversed())
    }
}
