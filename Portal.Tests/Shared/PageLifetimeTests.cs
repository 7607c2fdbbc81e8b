using Portal.Shared;

namespace Portal.Tests.Shared;

public sealed class PageLifetimeTests
{
    [Fact]
    public void What_begins_after_the_part_was_left_is_cancelled_and_does_not_fail()
    {
        var left = new PageLifetime();
        Assert.False(left.Token.IsCancellationRequested);
        left.Dispose();
        left.Dispose();
        Assert.Throws<OperationCanceledException>(left.Token.ThrowIfCancellationRequested);
        var told = false;
        using var registered = left.Token.Register(() => told = true);
        Assert.True(told);
    }
}
