using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class OperatorsPage(CurrentActor current, OperatorTeam operators, LiveUpdates live, IDialogService dialogs)
    : IDisposable
{
    private readonly PageLifetime left = new();
    private IReadOnlyList<TeamMember>? team;
    private string? refusal;
    private int round;
    private IDisposable? listening;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            listening = live.Subscribe(
                seen => seen.Table is "Users" or "Sessions",
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }
    }

    private async Task LoadAsync()
    {
        await current.GetOperatorAsync(OperatorRole.Admin);
        team = await operators.ListAsync(left.Token);
    }

    private async Task SetRoleAsync(TeamMember member, string name)
    {
        OperatorRole? role = Enum.TryParse<OperatorRole>(name, out var known) ? known : null;
        refusal = await ProofDialog.RunAsync(
            dialogs,
            async () => await operators.SetRoleAsync(await current.GetOperatorAsync(), member.Id, role, left.Token)
        );
        round++;
        await LoadAsync();
    }

    private async Task EndSessionsAsync(TeamMember member)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"End the sessions of {member.Email}?",
                    "All browsers in which this operator is signed in are signed out at once.",
                    "End sessions",
                    null
                )
            )
        )
        {
            refusal = await ProofDialog.RunAsync(
                dialogs,
                async () => await operators.EndSessionsAsync(await current.GetOperatorAsync(), member.Id, left.Token)
            );
            await LoadAsync();
        }
    }
}
