using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>How many guests' agents are asked at one time.</summary>
public sealed class AgentSlotsTests
{
    [Fact]
    public void An_account_has_places_of_its_own_and_gets_back_what_it_gave_back()
    {
        var slots = new AgentSlots();
        var mine = Enumerable.Range(0, AgentSlots.PerAccount).Select(_ => slots.TryTake("acc-1")).ToList();
        Assert.All(mine, Assert.NotNull);
        Assert.Null(slots.TryTake("acc-1"));
        Assert.NotNull(slots.TryTake("acc-2"));
        mine[0]!.Dispose();
        mine[0]!.Dispose();
        Assert.NotNull(slots.TryTake("acc-1"));
        Assert.Null(slots.TryTake("acc-1"));
    }

    [Fact]
    public void The_host_has_an_end_too()
    {
        var slots = new AgentSlots();
        Assert.Equal(
            AgentSlots.PerHost,
            Enumerable.Range(0, 2 * AgentSlots.PerHost).Count(account => slots.TryTake($"acc-{account}") is not null)
        );
    }
}
