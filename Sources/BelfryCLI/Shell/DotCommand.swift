import Belfry
import Glibc

/// The shell's own commands: a table of name, arguments, help and action.
struct DotCommand: Sendable {
    let name: String
    let arguments: String
    let help: String
    let action: @Sendable (Shell, [String]) -> Void

    static let all: [DotCommand] = [
        DotCommand(name: ".help", arguments: "", help: "this list") { shell, _ in
            for command in all {
                let usage =
                    command.name + (command.arguments.isEmpty ? "" : " " + command.arguments)
                shell.say(
                    usage + String(repeating: " ", count: max(1, 26 - usage.count)) + command.help)
            }
        },
        DotCommand(name: ".tables", arguments: "", help: "the tables") { shell, _ in
            shell.runStatements("SHOW TABLES;")
        },
        DotCommand(name: ".schema", arguments: "TABLE", help: "a table's columns") { shell, words in
            guard words.count == 1 else { return shell.complain(".schema wants a table's name") }
            let quoted = words[0].map { $0 == "\"" ? "\"\"" : String($0) }.joined()
            shell.runStatements("DESCRIBE \"\(quoted)\";")
        },
        DotCommand(
            name: ".format", arguments: "FORMAT",
            help: ResultFormat.allCases.map(\.rawValue).joined(separator: ", ")
        ) { shell, words in
            guard words.count == 1, let format = ResultFormat(rawValue: words[0]) else {
                return shell.complain(
                    ".format wants one of "
                        + ResultFormat.allCases.map(\.rawValue).joined(separator: ", "))
            }
            shell.format = format
        },
        DotCommand(
            name: ".set", arguments: "NAME VALUE", help: "a value for :name in statements"
        ) { shell, words in
            guard words.count >= 2 else { return shell.complain(".set wants a name and a value") }
            shell.named[words[0]] = ParameterText.value(words.dropFirst().joined(separator: " "))
        },
        DotCommand(name: ".timer", arguments: "on|off", help: "show how long statements take") {
            shell, words in
            guard words == ["on"] || words == ["off"] else {
                return shell.complain(".timer wants on or off")
            }
            shell.showsTime = words == ["on"]
        },
        DotCommand(name: ".read", arguments: "FILE", help: "run the statements of a file") {
            shell, words in
            guard words.count == 1 else { return shell.complain(".read wants a file") }
            guard let text = TextFile.read(words[0]) else {
                return shell.complain(
                    "\(words[0]): \(unsafe String(cString: strerror(errno)))")
            }
            shell.runStatements(text)
        },
        DotCommand(name: ".flush", arguments: "", help: "write what is in memory to a segment") {
            shell, _ in
            do throws(BelfryError) { try shell.database.flush() } catch {
                shell.complain(error.description)
            }
        },
        DotCommand(name: ".compact", arguments: "", help: "bring every partition into final form") {
            shell, _ in
            do throws(BelfryError) { try shell.database.compact() } catch {
                shell.complain(error.description)
            }
        },
        DotCommand(name: ".quit", arguments: "", help: "leave (also the end of input)") {
            shell, _ in
            shell.isDone = true
        },
    ]

    static func run(_ line: String, in shell: Shell) {
        let words = line.split(separator: " ").map(String.init)
        guard let name = words.first else { return }
        let found = all.filter { $0.name == name || (name.count > 1 && $0.name.hasPrefix(name)) }
        guard found.count == 1 || found.first?.name == name else {
            return shell.complain("there is no command \(name); .help lists them")
        }
        found[0].action(shell, Array(words.dropFirst()))
    }
}

/// A whole file as text.
enum TextFile {
    static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer[0..<count])
        }
    }
}
