import Belfry
import BelfrySQL
import Glibc

/// Opening and closing for the subcommands, with errors for people.
enum CommandDatabase {
    /// - Parameter mustExist: a folder without a store is an error; else a store is made in it.
    static func open(
        _ path: String, mustExist: Bool = false, isReadOnly: Bool = false,
        upgradesFormat: Bool = false, profile: ProfileOptions? = nil
    ) throws -> Database {
        if mustExist && !isThere(path) {
            throw CommandFailure("\(path): no store is here")
        }
        var options = profile?.databaseOptions() ?? DatabaseOptions()
        options.isReadOnly = isReadOnly
        options.upgradesFormat = upgradesFormat
        let database: Database
        do { database = try Database.open(path, options: options) } catch {
            throw failure(error, path)
        }
        if let damage = database.damage {
            Terminal.writeError(
                "notice: \(damage); what stands behind it is missing; `belfry recover` goes on "
                    + "without it")
        }
        return database
    }

    /// For statements: those that only read need no lock, so they run beside a process that writes.
    static func open(
        _ path: String, for sql: String, isReadOnly: Bool, profile: ProfileOptions
    ) throws -> Database {
        let isThere = isThere(path)
        if isReadOnly || (isThere && all(sql, \.onlyReads) && !all(sql, \.asksTheWriter)) {
            return try open(path, mustExist: true, isReadOnly: true, profile: profile)
        }
        if isNothing(path) && !changesSomething(sql) {
            // A mistyped path does not become a database.
            do { return try Database.inMemory(options: profile.databaseOptions()) } catch {
                throw failure(error, path)
            }
        }
        if isThere && all(sql, \.asksTheWriter) {
            return try openShell(path, isReadOnly: false, profile: profile)
        }
        do { return try Database.open(path, options: profile.databaseOptions()) } catch {
            let hint =
                error.code == lockedCode
                ? "; statements that only read can be run beside it" : ""
            throw failure(error, path, hint)
        }
    }

    /// Whether a store is in this folder.
    static func isThere(_ path: String) -> Bool { unsafe access(path + "/IDENTITY", F_OK) == 0 }

    /// Whether nothing at all is there.
    static func isNothing(_ path: String) -> Bool { unsafe access(path, F_OK) != 0 }

    /// For a shell: where another process writes, reading is still to be had.
    static func openShell(
        _ path: String, isReadOnly: Bool, profile: ProfileOptions
    ) throws -> Database {
        if isReadOnly {
            return try open(path, mustExist: true, isReadOnly: true, profile: profile)
        }
        do { return try Database.open(path, options: profile.databaseOptions()) } catch {
            guard error.code == lockedCode else {
                throw failure(error, path)
            }
            Terminal.writeError("notice: \(error.message); opened for reading only")
            return try open(path, isReadOnly: true, profile: profile)
        }
    }

    private static let lockedCode = "55006"
    private static let damagedCode = "XX001"

    /// Why a database did not open, and what helps.
    static func failure(_ error: BelfryError, _ path: String, _ hint: String = "") -> CommandFailure
    {
        let advice =
            error.code == damagedCode
            ? "; `belfry recover \(path)` makes a database of what is left, with --dry-run it only "
                + "tells"
            : ""
        return CommandFailure("\(path): \(error.message)\(hint)\(advice)")
    }

    /// Whether a statement of a text that can be read changes something.
    static func changesSomething(_ sql: String) -> Bool {
        do { return try Parser.parse(sql).contains { !$0.statement.onlyReads } } catch {
            return false
        }
    }

    private static func all(_ sql: String, _ holds: (Statement) -> Bool) -> Bool {
        do { return try Parser.parse(sql).allSatisfy { holds($0.statement) } } catch {
            return false
        }
    }

    static func close(_ database: Database) throws {
        do { try database.close() } catch { throw CommandFailure(error.message) }
    }

    static func setTimeZone(_ name: String?, of session: Session) throws {
        guard let name else { return }
        let quoted = name.map { $0 == "'" ? "''" : String($0) }.joined()
        do { _ = try session.run("SET TimeZone = '\(quoted)'").rows() } catch {
            throw CommandFailure(error.message, code: 2)
        }
    }
}

/// Standard input as text.
enum StandardInput {
    private static let byteCountLimit = 64 << 20

    static func text() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(STDIN_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure("cannot read standard input") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[0..<count])
            guard bytes.count <= byteCountLimit else {
                throw CommandFailure("standard input is longer than \(byteCountLimit) bytes")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
