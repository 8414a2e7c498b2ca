import FoundationEssentials
import MirrorPlan
import Testing

@Test("The page of devices has the table that the rules go by, row by row")
func devicePage() throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let page = try String(contentsOf: URL(filePath: "\(root)/docs/reference/devices.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(rows == DeviceKind.all.map(\.row))
}
