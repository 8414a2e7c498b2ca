import Diagnosis
import FoundationEssentials
import Testing

/// A row of the page's tables.
private struct Row {
    var code: String
    var evidence: Set<String>
    var cells: [String]
}

@Suite("The page of findings lists what can be found") struct PageTests {
    private func rows() throws -> [Row] {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let page = try String(contentsOf: URL(filePath: "\(root)/docs/reference/findings.md"), encoding: .utf8)
        return page.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }.map { cell in
                String(cell.reversed().drop { $0 == " " }.reversed())
            }
            guard cells.count == 4 else { return nil }
            // Every other piece between back quotes is a name.
            let names = cells[3].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            return Row(code: cells[0].filter { $0 != "`" }, evidence: Set(names), cells: cells)
        }
    }

    @Test("Every code is listed once, in the order of the enumeration, and nothing else is") func codes() throws {
        #expect(try rows().map(\.code) == Finding.Code.allCases.map(\.rawValue))
    }

    @Test("Each says what it means and what to do") func cells() throws {
        for row in try rows() { #expect(row.cells.allSatisfy { !$0.isEmpty }, "\(row.code)") }
    }

    @Test("A refusal names the rule that it breaks, and nothing else does") func rules() throws {
        for row in try rows() {
            let rule = Finding.Code(rawValue: row.code)?.rule
            let start = rule.map { "Refused (`\($0.rawValue)`): " }
            #expect(
                row.cells[1].hasPrefix(start ?? "") && (rule != nil || !row.cells[1].hasPrefix("Refused")),
                "\(row.code)")
        }
    }

    @Test("Each names its evidence") func evidence() throws {
        var known: [String: Set<String>] = [:]
        for problem in try Examples.all() {
            known[problem.statement.code.rawValue, default: []].formUnion(problem.statement.evidence.keys)
        }
        for row in try rows() { #expect(row.evidence == known[row.code], "\(row.code)") }
    }
}
