/// The words that the grammar knows, and how freely each may be used as a name.
///
/// Most words are ordinary names everywhere: a column called `time`, `sample` or `status` needs no
/// quotes. Only what the list of `reservation` says is less free.
package enum Keyword: String, Sendable, CaseIterable {
    case add, after, align, all, alter, analyze, and, any, append, array, `as`, asc, asof, at
    case backward, before, begin, between, bigint, bool, boolean, both, by, bytea
    case `case`, cast, char, character, check, checkpoint, clock, collate, column, commit,
        confirm, conflict, constraint
    case copy, counter, create, cross, cube, current
    case currentDate = "current_date"
    case currentTimestamp = "current_timestamp"
    case data, date, day, dec, decimal, `default`, delete, delta, desc, describe, distinct, `do`
    case double, drop, duplicate
    case `else`, end, error, escape, events, every, except, exclude, exists, explain, extract
    case `false`, fetch, fill, filter, first, float, float4, float8, following, `for`, foreign
    case forward, from, full
    case gauge, grant, group, grouping, groups
    case having, health, horizon, hour
    case `if`, ignore, ilike, `in`, index, inner, insert, int, int2, int4, int8, integer
    case intersect, interval, into, `is`
    case join, json, jsonb
    case keep, key
    case last, lateral, latest, leading, left, like, limit, linear, localtimestamp
    case match, materialized, merge, minute, month
    case natural, nearest, next, no, not, nothing, null, nulls, numeric
    case of, offset, on, only, or, order, ordinality, origin, others, outer, over
    case partition, partitions, per, period, position, preceding, precision, prev, primary
    case qualify
    case range, real, recovery, recursive, references, rename, replace, reset, retain, returning
    case right, rollback
    case rollup, row, rows
    case sample, second, segment, segments, select, session, set, sets, show, sizes, smallint, some,
        stale, start
    case state, strict, string, substring, summarize, symmetric
    case table, tables, tag, temporary, text, then, ties, time, timestamp, timestamptz, to
    case tolerance, tombstones, trailing, transaction, trim, `true`, truncate, type
    case unbounded, union, unique, unit, unknown, unlimited, update, user, using, uuid
    case values, varchar, varying, version, view
    case week, when, `where`, window, with, within, without, work
    case year, zone

    package enum Reservation: Sendable {
        /// A name anywhere.
        case ordinary
        /// A name anywhere, but an alias only behind AS.
        case notAnAlias
        /// No name without double quotes, except as a column's label behind AS.
        case reserved
    }

    package var reservation: Reservation {
        switch self {
        case .all, .and, .any, .array, .as, .asc, .case, .cast, .check, .collate, .column,
            .constraint, .create, .cross, .currentDate, .currentTimestamp, .default, .desc,
            .distinct, .do, .else, .end, .except, .false, .fetch, .for, .foreign, .from, .full,
            .grant, .group, .having, .ilike, .in, .inner, .intersect, .into, .is, .join, .lateral,
            .left, .like, .limit, .localtimestamp, .natural, .not, .null, .offset, .on, .only,
            .or, .order, .outer, .primary, .references, .returning, .right, .select, .some, .table,
            .then,
            .to, .true, .union, .unique, .user, .using, .when, .where, .window, .with:
            .reserved
        case .align, .asof, .by, .fill, .ignore, .latest, .match, .nearest, .qualify, .sample,
            .segment, .strict, .tolerance, .filter, .over, .within, .escape, .set:
            .notAnAlias
        default:
            .ordinary
        }
    }

    /// As canonical SQL writes it.
    package var text: String {
        String(decoding: rawValue.utf8.map { $0 >= 97 && $0 <= 122 ? $0 - 32 : $0 }, as: UTF8.self)
    }

    private static let byText: [String: Keyword] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The keyword that an unquoted word, already folded to lower case, is.
    package init?(folded: String) {
        guard let keyword = Keyword.byText[folded] else { return nil }
        self = keyword
    }

    /// The candidate that the word most likely was meant to be: at most two slips of the pen away,
    /// and fewer slips than half of its letters.
    static func nearest(to word: String, among candidates: [Keyword]) -> Keyword? {
        let written = Array(foldedToLowerCase(word).utf8)
        guard written.count >= 2, written.count <= 24 else { return nil }
        var best: (keyword: Keyword, distance: Int)?
        for candidate in candidates {
            let wanted = Array(candidate.rawValue.utf8)
            let distance = slips(from: written, to: wanted)
            guard distance > 0, distance <= 2, distance * 2 <= wanted.count else { continue }
            if let found = best, found.distance <= distance { continue }
            best = (candidate, distance)
        }
        return best?.keyword
    }

    /// Letters added, dropped, changed or swapped with their neighbour.
    private static func slips(from: [UInt8], to: [UInt8]) -> Int {
        if abs(from.count - to.count) > 2 { return 3 }
        var beforeLast: [Int] = []
        var last = Array(0...to.count)
        for row in from.indices {
            var current = [row + 1]
            for column in to.indices {
                var distance = min(
                    last[column + 1] + 1, current[column] + 1,
                    last[column] + (from[row] == to[column] ? 0 : 1))
                if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
                    distance = min(distance, beforeLast[column - 1] + 1)
                }
                current.append(distance)
            }
            beforeLast = last
            last = current
        }
        return last[to.count]
    }
}
