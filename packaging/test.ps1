# Install what is missing, then check everything; arguments go to pytest:
#   powershell -ExecutionPolicy Bypass -File packaging\test.ps1 [arguments]
# Tests that need the virtual sound card or the virtual screen of Linux are skipped here.
. (Join-Path $PSScriptRoot 'setup.ps1')
Initialize-S2SLive -Tests
Set-Location $Root

$Failed = @()
function Test-Step {
  # Go on after a failure, so that one run shows all of them.
  param([string]$Name, [string]$Program, [string[]]$Arguments)
  Write-Host "== $Name"
  & $Program @Arguments
  if ($LASTEXITCODE -ne 0) { $script:Failed += $Name }
}

$Bin = Join-Path $Root '.venv\Scripts'
Test-Step 'lint' (Join-Path $Bin 'ruff.exe') @('check', '.')
Test-Step 'format' (Join-Path $Bin 'ruff.exe') @('format', '--check', '.')
Test-Step 'types' (Join-Path $Bin 'mypy.exe') @()
Test-Step 'rooms' (Join-Path $Bin 'lint-imports.exe') @()
Test-Step 'tests' $Py (@('-m', 'pytest') + $args)

if ($Failed) {
  Write-Host "s2s-live: failed: $($Failed -join ' ')"
  exit 1
}
Write-Host 's2s-live: all checks passed'
