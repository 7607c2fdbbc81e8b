using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class InstancesPage(ChangeInstance change)
{
    private static readonly (string Value, string Label)[] Sorts =
    [
        ("", "Newest first"),
        ("created", "Oldest first"),
        ("name", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("state", "State"),
        ("size", "Size, small first"),
        ("-size", "Size, large first"),
    ];

    private static readonly string[] Statuses = [.. Enum.GetValues<InstanceState>().Select(Instance.Spell)];

    protected override IReadOnlyCollection<string> Tables { get; } = ["Instances"];

    protected override InstanceQuery Ask()
    {
        var (order, ascending) = OrderOf<InstanceOrder>();
        return new InstanceQuery(Said(Search), StateAmong(Statuses), Said(Tag), order, ascending);
    }

    private Task ActAsync(InstanceAction action) =>
        ActAsync(
            count => Ask(action, count),
            action is InstanceAction.Stop ? "stopping" : "terminating",
            async (actor, ids) =>
            {
                var changes = await change.RunAsync(actor, action, ids, CancellationToken.None);
                return changes.Select(one => (one.Name ?? one.Id, one.Outcome));
            }
        );

    private static Confirmation Ask(InstanceAction action, int count)
    {
        var what = Format.Count(count, "instance");
        return action is InstanceAction.Stop
            ? new Confirmation($"Stop {what}?", "They shut down. Their disks stay, and are still billed; computing is not.", "Stop", null)
            : new Confirmation(
                $"Terminate {what}?",
                "Their disks and everything on them are deleted. This cannot be undone.",
                $"Terminate {what}",
                $"terminate {count}"
            );
    }
}
